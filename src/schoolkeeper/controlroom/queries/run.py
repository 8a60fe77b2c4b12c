"""One run in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from pydantic import ValidationError

from schoolkeeper.controlroom.describe import Row, describe
from schoolkeeper.controlroom.wording import STEPS, Word
from schoolkeeper.engine.failure import Failed, guarded
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.records.models import EvidenceRecord, LedgerEntry, Run, StepRecord


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a plan and how far it is. `data` is its result as it is, `result` in words; `set` is the
    backup set that it works on, "" where it works on none."""

    position: int
    key: str
    says: str
    word: Word
    is_running: bool
    started_at: datetime | None
    duration: timedelta | None
    attempts: int
    result: tuple[Row, ...]
    data: Mapping[str, Any]
    set: str
    error: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the stages that each run goes through: `state` is done, now, later or skipped."""

    title: str
    state: str


def steps(run: Run) -> list[StepRow]:
    """The plan's steps in order."""
    return [_step(step) for step in StepRecord.objects.filter(run=run)]


def stages(
    run: Run, step_rows: Sequence[StepRow], *, changes_something: bool, approved: bool | None = None
) -> list[Stage]:
    """How far the run is, told by what it has left in the records; `approved` None: nobody needs to approve."""
    changing = changes_something or bool(step_rows)
    reached = [
        ("Asked for", True),
        ("Started", run.started_at is not None),
        ("Looked", bool(run.facts_digest)),
    ]
    if changing:
        reached += [
            ("Planned", bool(run.plan_digest)),
            *([("Approved", approved)] if approved is not None else []),
            ("Changed", bool(step_rows) and all(step.word.text == "Done" for step in step_rows)),
            ("Looked again", bool(getattr(run, "looked_again", False))),
        ]
    reached.append(("Ended", run.state == Run.State.ENDED))
    furthest = max(number for number, (_, done) in enumerate(reached) if done)
    result = []
    for number, (title, done) in enumerate(reached):
        ahead = "now" if number == furthest + 1 else "later"
        result.append(Stage(title, "done" if done else "skipped" if number < furthest else ahead))
    return result


def with_looks() -> QuerySet[Run]:
    """Runs without their facts, which may be large, but with the word whether they were looked at again."""
    runs = Run.objects.defer("facts_before", "facts_after").select_related("approval")
    seen_again = ExpressionWrapper(Q(facts_after__isnull=False), output_field=BooleanField())
    return runs.annotate(looked_again=seen_again)


def seen(run: Run) -> tuple[Sequence[Finding], str]:
    """What the run found, judged again from the facts that it kept; and a sentence when that cannot be.

    Finding records tell only of the latest run that saw each: a run's own view comes from its own facts.
    """
    stored = run.facts_after or run.facts_before
    task = catalogue().get(run.task)
    if stored is None:
        return (), ""
    if task is None:
        return (), "The task is no longer in the catalogue, so its findings cannot be worked out again."
    try:
        facts, options = task.facts.model_validate(stored), task.options.model_validate(run.options)
        findings: Sequence[Finding] = guarded(lambda: task.judge(facts, options))
    except (ValidationError, Failed):
        return (), "An older version of the task kept these facts; its findings cannot be worked out again."
    return sorted(findings, key=lambda finding: -finding.level), ""


def evidence(run: Run) -> list[tuple[EvidenceRecord, tuple[Row, ...]]]:
    """What the run left behind for others to rely on."""
    return [(record, describe(record.data)) for record in EvidenceRecord.objects.filter(run=run)]


def ledger_entries(run: Run) -> list[LedgerEntry]:
    """The ledger's entries about this run, in order: those it made itself, and those of people about it."""
    about = LedgerEntry.objects.filter(system=run.system)
    first = LedgerEntry.objects.filter(once=f"{run.key}:requested").values_list("sequence", flat=True).first()
    if first is not None:
        about = about.filter(sequence__gte=first)
    return list(about.filter(Q(actor=f"run {run.pk}") | Q(subject=f"run {run.pk}")).order_by("sequence"))


def _step(step: StepRecord) -> StepRow:
    return StepRow(
        position=step.position,
        key=step.key,
        says=step.says,
        word=STEPS[step.state],
        is_running=step.state == StepRecord.State.STARTED,
        started_at=step.started_at,
        duration=step.ended_at - step.started_at if step.started_at and step.ended_at else None,
        attempts=step.attempts,
        result=describe(step.result),
        data=step.result or {},
        set=str(step.action.get("arguments", {}).get("set", "")),
        error=step.error,
    )
