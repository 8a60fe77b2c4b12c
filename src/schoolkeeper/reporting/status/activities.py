"""What was done: runs by task and by day, and the days on which nobody looked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from statistics import median

from django.db.models import Min
from django.db.models.functions import Coalesce

from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.records.models import Run
from schoolkeeper.reporting.status.period import Period


class Mark(Enum):
    """How one task fared on one day; the value is what the reader sees."""

    GOOD = "done"
    TROUBLE = "failed"
    UNKNOWN = "could not look"
    OPEN = "not finished"
    MISSING = "not run"
    TO_COME = "not yet"
    BEFORE = "not in care"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskActivity:
    """The runs of one task in the period; durations are of those that ended."""

    title: str
    runs: int
    good: int
    trouble: int
    unknown: int
    refused: int
    unfinished: int
    median_seconds: float | None
    longest_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Runs of one task that ended badly in the same way and for the same reason."""

    title: str
    outcome: Outcome
    reason: str
    times: int
    last_at: datetime
    last_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day: the title and the mark of each task of the daily programme."""

    day: date
    marks: tuple[tuple[str, Mark], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(title for title, mark in self.marks if mark is Mark.MISSING)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the daily programme was run, though it should have been."""
        return bool(self.marks) and len(self.missing) == len(self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    tasks: tuple[TaskActivity, ...]
    trouble: tuple[Trouble, ...]
    days: tuple[Day, ...]

    @property
    def runs(self) -> int:
        return sum(task.runs for task in self.tasks)

    @property
    def good(self) -> int:
        return sum(task.good for task in self.tasks)

    @property
    def unknown(self) -> int:
        """How often a run could not look."""
        return sum(task.unknown for task in self.tasks)


def collect(system: str, period: Period, daily: Sequence[Spec], titles: Mapping[str, str]) -> Activities:
    """The activities of a system; `daily` is its daily programme, `titles` names tasks by id."""
    runs = list(
        Run.objects.filter(system=system)
        .annotate(began=Coalesce("started_at", "requested_at"))
        .filter(began__gte=period.start, began__lte=period.now)
        .defer("facts_before", "facts_after", "options")
        .order_by("id")
    )
    by_task: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_task[run.task].append(run)
    return Activities(
        tasks=tuple(_activity(titles.get(task, task), by_task[task]) for task in sorted(by_task)),
        trouble=_trouble(runs, titles),
        days=_days(runs, period, daily, _in_care_since(system, period)),
    )


def _activity(title: str, runs: Sequence[Run]) -> TaskActivity:
    marks = Counter(_mark(run) for run in runs)
    refused = sum(run.outcome == Outcome.REFUSED.value for run in runs)
    seconds = [run.duration.total_seconds() for run in runs if run.duration is not None]
    return TaskActivity(
        title=title,
        runs=len(runs),
        good=marks[Mark.GOOD],
        trouble=marks[Mark.TROUBLE] - refused,
        unknown=marks[Mark.UNKNOWN],
        refused=refused,
        unfinished=marks[Mark.OPEN],
        median_seconds=median(seconds) if seconds else None,
        longest_seconds=max(seconds, default=None),
    )


def _mark(run: Run) -> Mark:
    if run.state != Run.State.ENDED:
        return Mark.OPEN
    outcome = Outcome(run.outcome)
    if outcome is Outcome.UNKNOWN:
        return Mark.UNKNOWN
    return Mark.GOOD if outcome.is_good else Mark.TROUBLE


def _trouble(runs: Sequence[Run], titles: Mapping[str, str]) -> tuple[Trouble, ...]:
    """Equal troubles together, the newest first."""
    alike: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if _mark(run) in (Mark.TROUBLE, Mark.UNKNOWN):
            alike[run.task, run.outcome, run.says].append(run)
    found = [
        Trouble(
            title=titles.get(task, task),
            outcome=Outcome(outcome),
            reason=says,
            times=len(same),
            last_at=same[-1].ended_at or same[-1].requested_at,
            last_run=same[-1].pk,
        )
        for (task, outcome, says), same in alike.items()
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.last_at, reverse=True))


def _days(runs: Sequence[Run], period: Period, daily: Sequence[Spec], in_care_since: date) -> tuple[Day, ...]:
    newest = {(period.day_of(run.started_at or run.requested_at), run.task): run for run in runs}

    def mark(day: date, task: str) -> Mark:
        if run := newest.get((day, task)):
            return _mark(run)
        if day < in_care_since:
            return Mark.BEFORE
        return Mark.TO_COME if day == period.last else Mark.MISSING

    return tuple(
        Day(day=day, marks=tuple((spec.title, mark(day, spec.id)) for spec in daily)) for day in period.days
    )


def _in_care_since(system: str, period: Period) -> date:
    """The local day of the first run ever asked for, or of the definition where that came first.

    An older definition that was changed since is no longer known, but then its runs are.
    """
    times = SystemRecord.objects.filter(slug=system).values_list("applied_at", flat=True)
    first = Run.objects.filter(system=system).aggregate(first=Min("requested_at"))["first"]
    return min(period.day_of(at) for at in [*times, *([first] if first else [])])
