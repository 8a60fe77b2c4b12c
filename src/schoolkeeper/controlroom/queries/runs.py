"""Runs as lines of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.tasks import only_looks, title_of_task
from schoolkeeper.controlroom.wording import Word, run_word
from schoolkeeper.records.models import Run


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. `at` is when it ended, or else started, or else was asked for."""

    pk: int
    system: SystemName
    task: str
    title: str
    word: Word
    says: str
    requested_by: str
    occasion: str
    at: datetime
    duration: timedelta | None
    is_open: bool


def row(run: Run, names: Names) -> RunRow:
    return RunRow(
        pk=run.pk,
        system=names[run.system],
        task=run.task,
        title=title_of_task(run.task),
        word=run_word(run.state, run.outcome, only_looks=only_looks(run.task)),
        says=run.says,
        requested_by=run.requested_by,
        occasion=run.occasion,
        at=run.ended_at or run.started_at or run.requested_at,
        duration=run.duration,
        is_open=run.state != Run.State.ENDED,
    )


def matching(wanted: Mapping[str, str]) -> QuerySet[Run]:
    """Runs of a system, a task, an outcome (or a state); newest first. Empty values do not restrict."""
    runs = Run.objects.defer("facts_before", "facts_after").order_by("-id")
    for name in ("system", "task", "outcome", "state"):
        if value := wanted.get(name):
            runs = runs.filter(**{name: value})
    return runs


def last_runs(system: str, names: Names, limit: int = 8) -> tuple[RunRow, ...]:
    """The newest runs of a system."""
    return tuple(row(run, names) for run in matching({"system": system})[:limit])
