"""Leave to change a system in spite of a freeze or outside a window: two people, a reason, an end."""

from datetime import datetime, timedelta

from django.db import transaction

from schoolkeeper.calendars.models import Override
from schoolkeeper.calendars.scope import clock_of
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.moments import shown
from schoolkeeper.kernel.person import person, same_person
from schoolkeeper.records import ledger

LONGEST = timedelta(hours=24)
"""An emergency that lasts longer is asked for again: somebody must still want it."""


def valid(system: str, task: str, now: datetime) -> Override | None:
    """The override that lets this task change this system now, if there is one."""
    granted = Override.objects.filter(system=system, task__in=("", task), ended_at=None, expires_at__gt=now)
    return granted.exclude(granted_by="").order_by("-expires_at").first()


@transaction.atomic
def ask(
    *, system: str, reason: str, by: str, now: datetime, task: str = "", lasts: timedelta = timedelta(hours=4)
) -> Override:
    """Ask for an override, which a second person grants. Raises Refused without a reason or for too long."""
    if not reason.strip():
        raise Refused("Say why it cannot wait: the one who grants it must know.")
    if not timedelta() < lasts <= LONGEST:
        raise Refused(
            f"An override lasts at most {LONGEST // timedelta(hours=1)} hours; ask again when it is over."
        )
    override = Override.objects.create(
        system=system, task=task, reason=reason.strip(), asked_by=by, asked_at=now, expires_at=now + lasts
    )
    _note(override, "override.asked", by, reason=override.reason)
    return override


@transaction.atomic
def grant(pk: int, *, by: str, now: datetime) -> Override:
    """Grant what somebody else asked for. Raises Refused when it is one's own, over, or decided already."""
    override = _open(pk)
    if override.granted_by:
        raise Refused(f"{override.granted_by} has granted it already.")
    if override.expires_at <= now:
        raise Refused(f"It ended at {shown(override.expires_at, clock_of(override.system))}; ask again.")
    if same_person(by, override.asked_by):
        raise Refused("An override takes two people: somebody other than the one who asked must grant it.")
    override.granted_by, override.granted_at = by, now
    override.save(update_fields=["granted_by", "granted_at"])
    _note(override, "override.granted", by)
    return override


def is_own(pk: int, who: str) -> bool:
    """Whether this person asked for it, by whatever door."""
    asked_by = Override.objects.filter(pk=pk).values_list("asked_by", flat=True).first()
    return asked_by is not None and person(asked_by) == person(who)


@transaction.atomic
def end(pk: int, *, by: str, reason: str, now: datetime) -> Override:
    """Refuse an override, or take it back. Raises Refused without a reason, and when it has ended."""
    override = _open(pk)
    if not reason.strip():
        raise Refused("Say why: the one who asked will want to know.")
    override.ended_at, override.ended_by, override.end_reason = now, by, reason.strip()
    override.save(update_fields=["ended_at", "ended_by", "end_reason"])
    _note(override, "override.ended", by, reason=override.end_reason)
    return override


def _open(pk: int) -> Override:
    override = Override.objects.select_for_update().filter(pk=pk, ended_at=None).first()
    if override is None:
        raise Refused(f"There is no open override {pk}.")
    return override


def _note(override: Override, kind: str, by: str, **more: str) -> None:
    data = {"task": override.task, "expires_at": override.expires_at.isoformat(), **more}
    ledger.append(kind, actor=by, system=override.system, subject=f"override {override.pk}", data=data)
