"""What a change of an entry's rhythm moves, told before it is made. Nothing is written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schoolkeeper.calendars.recurrence import moments
from schoolkeeper.programme.ahead import HORIZON
from schoolkeeper.programme.models import Entry, Occurrence


@dataclass(frozen=True, slots=True)
class Move:
    """Due times to come within a year: how many go, stay and are new, and the next one before and after."""

    gone: int
    kept: int
    new: int
    next_before: datetime | None
    next_after: datetime | None


def moving(entry: Entry, values: Mapping[str, Any], now: datetime) -> Move | None:
    """What changes when these fields are set; None when no due time does. The values must be free of faults."""
    rule, at, zone = (values.get(name, getattr(entry, name)) for name in ("rule", "at", "zone"))
    if (rule, at, zone) == (entry.rule, entry.at, entry.zone):
        return None
    until = now + HORIZON
    due = Occurrence.objects.filter(
        entry=entry, state=Occurrence.State.DUE, cause="", due_at__gt=now, due_at__lt=until
    )
    before = frozenset(due.values_list("due_at", flat=True))
    after = frozenset(moments(rule, at, ZoneInfo(zone), now, until)) if rule else frozenset[datetime]()
    return Move(
        gone=len(before - after),
        kept=len(before & after),
        new=len(after - before),
        next_before=min(before, default=None),
        next_after=min(after, default=None),
    )
