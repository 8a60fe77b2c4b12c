"""Occurrences whose runs have ended: done, done late, or missed because it came to nothing."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.scheduler.missing import give_up
from schoolkeeper.records.models import Run, StepRecord

AT_ONCE = 500
HAPPENED = frozenset({Outcome.OK.value, Outcome.NOTHING_TO_DO.value, Outcome.FAILED.value})
"""Outcomes of what was carried out to its end; "failed" is an answer too, and its findings tell it."""
_BY_RULE = {
    "freeze": Occurrence.Reason.FREEZE,
    "window": Occurrence.Reason.WINDOW,
}
_BROKEN_STEPS = (StepRecord.State.FAILED, StepRecord.State.UNDONE, StepRecord.State.UNDO_FAILED)

# Nearly all end well, thousands within a minute of a night: they are settled where they are kept.
_END_WELL = """
UPDATE programme_occurrence AS occurrence
   SET state = CASE WHEN COALESCE(run.ended_at, %s) > late_at THEN 'late' ELSE 'done' END,
       started_at = run.started_at, ended_at = COALESCE(run.ended_at, %s)
  FROM records_run AS run
 WHERE occurrence.state = 'running' AND run.id = occurrence.run_id AND run.state = 'ended'
   AND run.outcome = ANY(%s)
   AND NOT EXISTS (SELECT FROM records_steprecord AS step WHERE step.run_id = run.id AND step.state = ANY(%s))
"""


@transaction.atomic
def end(now: datetime) -> int:
    """Give the occurrences of runs that have ended their final state; how many.

    Runs go on ending meanwhile: one that ended well after the first statement had looked is left to the next
    round.
    """
    with connection.cursor() as cursor:
        cursor.execute(_END_WELL, [now, now, list(HAPPENED), list(_BROKEN_STEPS)])
        well: int = cursor.rowcount
    rest = (
        Occurrence.objects.filter(_went_wrong(), state=Occurrence.State.RUNNING, run__state=Run.State.ENDED)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("run", "entry")
        .order_by("id")[:AT_ONCE]
    )
    missed = list(rest)
    for occurrence in missed:
        _settle(occurrence, now)
    give_up(missed, now)
    return well + len(missed)


def _went_wrong() -> Q:
    broken = StepRecord.objects.filter(run=OuterRef("run"), state__in=_BROKEN_STEPS)
    return ~Q(run__outcome__in=HAPPENED) | Q(Exists(broken))


def _settle(occurrence: Occurrence, now: datetime) -> None:
    run = occurrence.run
    assert run is not None
    occurrence.started_at, occurrence.ended_at = run.started_at, run.ended_at or now
    occurrence.says = run.says or f"Run {run.pk} ended as {run.outcome}."
    if run.outcome == Outcome.REFUSED.value:
        occurrence.reason = _BY_RULE.get(run.refused_by, Occurrence.Reason.GATE)
    else:
        occurrence.reason = Occurrence.Reason.ERROR
