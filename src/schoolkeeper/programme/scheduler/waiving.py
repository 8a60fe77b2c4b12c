"""Occurrences that a person waives, one or all that come due while an entry is paused."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from schoolkeeper.kernel.errors import Refused
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.programme.scheduler.missing import settle
from schoolkeeper.records import findings, ledger

AT_ONCE = 500


@transaction.atomic
def waive(pk: int, *, by: str, reason: str, now: datetime) -> Occurrence:
    """A person says that this one need not be done. Raises Refused without a reason or when it is being done.

    The finding of what was missed goes with the last that was missed, not with what is only due.
    """
    occurrence = Occurrence.objects.select_for_update(of=("self",)).select_related("entry").filter(pk=pk).first()
    if occurrence is None:
        raise Refused(f"There is no occurrence {pk}.")
    if occurrence.state not in (Occurrence.State.DUE, Occurrence.State.MISSED):
        state = occurrence.get_state_display().lower()
        raise Refused(f"Occurrence {pk} is {state} already, so there is nothing to waive.")
    if not reason.strip():
        raise Refused("Say why: the next person will ask.")
    if occurrence.state == Occurrence.State.MISSED:
        settle(occurrence, now)
    _waive(occurrence, by, reason.strip(), now)
    return occurrence


@transaction.atomic
def waive_paused(now: datetime) -> int:
    """Waive what came due of paused entries, in the name of who paused them; how many."""
    due = Occurrence.objects.filter(state=Occurrence.State.DUE, not_before__lte=now, entry__paused=True)
    rows = due.select_for_update(of=("self",), skip_locked=True).select_related("entry").order_by("id")[:AT_ONCE]
    paused = list(rows)
    for occurrence in paused:
        _waive(occurrence, occurrence.entry.paused_by, f"Paused: {occurrence.entry.pause_reason}", now)
    return len(paused)


def waive_all(entries: Sequence[Entry], *, by: str, says: str, now: datetime) -> None:
    """Waive whatever of these has not begun, and let what was missed of them be.

    They are wanted no more: no later run will resolve those findings.
    """
    due = Occurrence.objects.filter(state=Occurrence.State.DUE, entry__in=entries).order_by("id")
    locked = list(due.select_for_update(of=("self",)).select_related("entry"))
    for entry in entries:
        findings.resolve(entry.system, f"{entry.task}.missed", now)
    for occurrence in locked:
        _waive(occurrence, by, says, now)


def _waive(occurrence: Occurrence, by: str, says: str, now: datetime) -> None:
    occurrence.state, occurrence.waived_by, occurrence.says = Occurrence.State.WAIVED, by, says
    occurrence.ended_at = now
    occurrence.save(update_fields=["state", "waived_by", "says", "ended_at"])
    data = {"occurrence": occurrence.pk, "due_at": occurrence.due_at.isoformat(), "reason": says}
    entry = occurrence.entry
    ledger.append("occurrence.waived", actor=by, system=entry.system, subject=entry.task, data=data)
