"""Occurrences whose runs have ended: done, done late, or missed because it came to nothing."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.scheduler.missing import take_down_missed
from schoolkeeper.records.models import Run, StepRecord

AT_ONCE = 1000
HAPPENED = frozenset({Outcome.OK.value, Outcome.NOTHING_TO_DO.value, Outcome.FAILED.value})
"""Outcomes of what was carried out to its end; "failed" is an answer too, and its findings tell it."""
_BY_RULE = {
    "freeze": Occurrence.Reason.FREEZE,
    "window": Occurrence.Reason.WINDOW,
}
_BROKEN_STEPS = (StepRecord.State.FAILED, StepRecord.State.UNDONE, StepRecord.State.UNDO_FAILED)


@transaction.atomic
def end(now: datetime) -> int:
    """Give the occurrences of runs that have ended their final state; how many."""
    broken = StepRecord.objects.filter(run=OuterRef("run"), state__in=_BROKEN_STEPS)
    rows = (
        Occurrence.objects.filter(state=Occurrence.State.RUNNING, run__state=Run.State.ENDED)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("run", "entry")
        .annotate(is_broken=Exists(broken))
        .order_by("id")[:AT_ONCE]
    )
    ended = list(rows)
    for occurrence in ended:
        _settle(occurrence, is_broken=occurrence.is_broken, now=now)
    Occurrence.objects.bulk_update(ended, ["state", "reason", "says", "started_at", "ended_at"])
    take_down_missed([one for one in ended if one.state == Occurrence.State.MISSED], now)
    return len(ended)


def _settle(occurrence: Occurrence, *, is_broken: bool, now: datetime) -> None:
    run = occurrence.run
    assert run is not None
    occurrence.started_at, occurrence.ended_at = run.started_at, run.ended_at or now
    if run.outcome in HAPPENED and not is_broken:
        is_late = occurrence.ended_at > occurrence.late_at
        occurrence.state = Occurrence.State.LATE if is_late else Occurrence.State.DONE
        return
    occurrence.state = Occurrence.State.MISSED
    occurrence.says = run.says or f"Run {run.pk} ended as {run.outcome}."
    if run.outcome == Outcome.REFUSED.value:
        occurrence.reason = _BY_RULE.get(run.refused_by, Occurrence.Reason.GATE)
    else:
        occurrence.reason = Occurrence.Reason.ERROR
