"""Who decides for whom: while somebody is away, somebody else does in their stead."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from schoolkeeper.engine.models import Delegation
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.person import same_person
from schoolkeeper.records import ledger

LONGEST_NAME = 150


def stands_in_for(person: str, now: datetime) -> list[str]:
    """Those in whose stead this person decides now. It is not handed on: a deputy has no deputy."""
    rows = Delegation.objects.filter(to=person, starts_at__lte=now, ends_at__gt=now, ended_at=None)
    return sorted(set(rows.values_list("of", flat=True)))


def in_force_or_to_come(now: datetime) -> QuerySet[Delegation]:
    """The delegations that have not ended, the soonest first."""
    return Delegation.objects.filter(ends_at__gt=now, ended_at=None).order_by("starts_at", "id")


@transaction.atomic
def delegate(
    *, of: str, to: str, starts_at: datetime, ends_at: datetime, by: str, now: datetime, reason: str = ""
) -> Delegation:
    """Let somebody decide in another's stead. Raises Invalid listing every fault."""
    faults = []
    if not of or not to:
        faults.append("to: name both people")
    if same_person(of, to):
        faults.append("to: name somebody else")
    if max(len(of), len(to)) > LONGEST_NAME or not (of + to).isprintable():
        faults.append(f"to: a name has at most {LONGEST_NAME} characters")
    if ends_at <= max(starts_at, now):
        faults.append("ends_at: it must lie ahead, and after the beginning")
    if faults:
        raise Invalid("delegation", faults)
    delegation = Delegation.objects.create(
        of=of, to=to, starts_at=starts_at, ends_at=ends_at, reason=reason.strip(), made_by=by, made_at=now
    )
    data = {"of": of, "to": to, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    ledger.append("delegation.made", actor=by, subject=f"delegation {delegation.pk}", data=data)
    return delegation


@transaction.atomic
def end(pk: int, *, by: str, now: datetime) -> Delegation:
    """Take a delegation back. Raises Refused when it has ended."""
    delegation = Delegation.objects.select_for_update().filter(pk=pk, ended_at=None, ends_at__gt=now).first()
    if delegation is None:
        raise Refused(f"There is no delegation {pk} that could be taken back.")
    delegation.ended_at = now
    delegation.save(update_fields=["ended_at"])
    ledger.append("delegation.ended", actor=by, subject=f"delegation {pk}", data={"of": delegation.of})
    return delegation
