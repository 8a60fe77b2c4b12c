"""The usual place of a cadence in a school's time, and how long its occurrences may wait. Pure.

Nights belong to changes and early mornings to looking, so that what people read when they come is fresh. Rare
things happen on Saturdays. Schools whose week ends otherwise say so in their programme.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from schoolkeeper.kernel.spec import Cadence, Risk

SPREAD_MINUTES = 30
"""Systems begin at different minutes of this half hour, the same every day, so that not all begin at once."""


@dataclass(frozen=True, slots=True)
class Usual:
    """`late_after` is how long after the due time it may end, `missed_after` how long it may take to begin."""

    rule: str
    late_after: timedelta
    missed_after: timedelta


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
TASKS: Mapping[Cadence, Usual] = {
    Cadence.DAILY: Usual("FREQ=DAILY", 4 * _HOUR, 20 * _HOUR),
    Cadence.WEEKLY: Usual("FREQ=WEEKLY;BYDAY=SA", 12 * _HOUR, 5 * _DAY),
    Cadence.MONTHLY: Usual("FREQ=MONTHLY;BYDAY=1SA", 2 * _DAY, 14 * _DAY),
    Cadence.QUARTERLY: Usual("FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=2SA", 7 * _DAY, 45 * _DAY),
    Cadence.ANNUAL: Usual("FREQ=YEARLY;BYMONTH=7;BYDAY=3SA", 30 * _DAY, 120 * _DAY),
}
DUTIES: Mapping[Cadence, Usual] = {
    Cadence.DAILY: Usual("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", 9 * _HOUR, 24 * _HOUR),
    Cadence.WEEKLY: Usual("FREQ=WEEKLY;BYDAY=MO", 3 * _DAY, 6 * _DAY),
    Cadence.MONTHLY: Usual("FREQ=MONTHLY;BYDAY=1MO", 10 * _DAY, 25 * _DAY),
    Cadence.QUARTERLY: Usual("FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO", 30 * _DAY, 75 * _DAY),
    Cadence.ANNUAL: Usual("FREQ=YEARLY;BYMONTH=6;BYDAY=1MO", 60 * _DAY, 180 * _DAY),
}
AFTER_EVENTS = Usual("", 12 * _HOUR, 5 * _DAY)
"""For what has no cadence and follows events."""
_CHANGES, _LOOKS, _PEOPLE = time(2), time(6), time(9)


def usual_time(system: str, *, risk: Risk | None) -> time:
    """At which wall-clock time; `risk` is None for a duty of people."""
    if risk is None:
        return _PEOPLE
    begin = _LOOKS if risk is Risk.READ_ONLY else _CHANGES
    spread = int.from_bytes(hashlib.sha256(system.encode()).digest()[:4]) % SPREAD_MINUTES
    return begin.replace(minute=spread)
