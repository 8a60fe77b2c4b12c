"""Approvals: rows bound to what exactly was approved."""

from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet

from schoolkeeper.calendars.scope import clock_of
from schoolkeeper.engine.case import Case
from schoolkeeper.engine.delegations import stands_in_for
from schoolkeeper.engine.gate import needs_four_eyes
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.models import Approval
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.moments import shown
from schoolkeeper.kernel.person import person, same_person
from schoolkeeper.records import ledger
from schoolkeeper.records.models import Run

VALID_FOR = timedelta(hours=24)

State = Literal["open", "granted", "no"]


def state_for(case: Case, now: datetime) -> tuple[State, str]:
    """Where the approval of a planned run stands, asking for one if nobody has; and the reason for a no."""
    run = case.run
    bound = {
        "task": run.task,
        "spec_version": case.task.spec.version,
        "facts_digest": run.facts_digest,
        "plan_digest": run.plan_digest,
    }
    approval, _ = Approval.objects.get_or_create(
        run=run, defaults={**bound, "requested_at": now, "expires_at": now + VALID_FOR}
    )
    if approval.decision == Approval.Decision.DENIED:
        return "no", f"{approval.decided_by} said no: {approval.reason}"
    if approval.expires_at <= now:
        return "no", f"The approval expired at {shown(approval.expires_at, clock_of(run.system))}; ask again."
    if any(getattr(approval, name) != value for name, value in bound.items()):
        return "no", "The facts or the plan changed since approval was asked for; plan it again."
    return ("granted" if approval.decision else "open"), ""


def waiting(now: datetime) -> QuerySet[Approval]:
    """What waits for a person's decision, the oldest first, with its run and the steps of its plan."""
    rows = Approval.objects.filter(decision="", expires_at__gt=now, run__state=Run.State.WAITING)
    return rows.select_related("run").prefetch_related("run__steps").order_by("requested_at", "id")


def takes_two(run: Run) -> bool:
    """Whether somebody other than the one who asked for a run must approve it."""
    task = catalogue().get(run.task)
    return task is None or needs_four_eyes(task.spec)


@transaction.atomic
def decide(run: Run, *, by: str, grant: bool, reason: str, now: datetime, instead_of: str = "") -> None:
    """Record a person's decision and let the run go on; `instead_of` is whom they stand in for, if anybody.

    Raises Refused when it is not theirs to make, and for a no without a reason.
    """
    approval = Approval.objects.select_for_update().filter(run_id=run.pk).first()
    run = Run.objects.get(pk=run.pk)  # as it is now, under the lock: somebody else may have decided meanwhile
    if approval is None or approval.decision or run.state != Run.State.WAITING:
        raise Refused(f"Run {run.pk} is not waiting for approval.")
    if approval.expires_at <= now:
        expired = shown(approval.expires_at, clock_of(run.system))
        raise Refused(f"The request expired at {expired}; start the run again.")
    if not grant and not reason.strip():
        raise Refused("A no needs a reason: whoever asked will want to know.")
    if instead_of and instead_of not in stands_in_for(person(by), now):
        raise Refused(f"{by} does not stand in for {instead_of} now.")
    deciding = [by, instead_of] if instead_of else [by]
    is_own = any(same_person(run.requested_by, one) for one in deciding)
    if grant and is_own and needs_four_eyes(catalogue().find(run.task).spec):
        raise Refused("This cannot be taken back, so somebody other than the one who asked for it must approve.")
    approval.decision = Approval.Decision.GRANTED if grant else Approval.Decision.DENIED
    approval.decided_by, approval.decided_for, approval.decided_at, approval.reason = by, instead_of, now, reason
    approval.save()
    # Before the ledger, as a run that ends takes the two; and only if a worker has not ended it in this moment.
    if not Run.objects.filter(pk=run.pk, state=Run.State.WAITING).update(
        state=Run.State.QUEUED, dispatched_at=None
    ):
        raise Refused(f"Run {run.pk} is not waiting for approval.")
    ledger.append(
        f"approval.{approval.decision}",
        actor=by,
        system=run.system,
        subject=f"run {run.pk}",
        data={
            "facts": approval.facts_digest,
            "plan": approval.plan_digest,
            "reason": reason,
            **({"instead_of": instead_of} if instead_of else {}),
        },
        once=f"{run.key}:approval",
    )
