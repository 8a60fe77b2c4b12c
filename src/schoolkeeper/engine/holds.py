"""Clearing a system whose automation was locked after a change that could not be taken back."""

from datetime import datetime

from django.db import transaction

from schoolkeeper.engine.models import Hold
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import ledger


@transaction.atomic
def clear(pk: int, *, by: str, reason: str, now: datetime) -> Hold:
    """A person has looked and takes the lock away; the reason says what was found and mended.

    Raises Refused without a reason, and when the hold is gone already.
    """
    hold = Hold.objects.select_for_update().filter(pk=pk, cleared_at=None).first()
    if hold is None:
        raise Refused("This hold was cleared already.")
    if not reason.strip():
        raise Refused("Say what was found and mended: the next person will ask.")
    hold.cleared_at, hold.cleared_by, hold.reason = now, by, reason.strip()
    hold.save(update_fields=["cleared_at", "cleared_by", "reason"])
    ledger.append(
        "hold.cleared",
        actor=by,
        system=hold.system,
        subject=f"run {hold.run_id}",
        data={"reason": hold.reason},
        once=f"hold:{hold.pk}:cleared",
    )
    return hold
