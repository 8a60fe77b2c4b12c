"""Forty rhythms, each as a rule and as arithmetic of its own: days that count, and three zones' clocks.

Nothing here asks the code under test, `dateutil` or the time-zone database: offsets are written down as the law of
each place has them.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

EPOCH = date(2024, 1, 1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Counts = Callable[[date], bool]
EARLY, NIGHT, GAP, LOOK, LAST = time(0), time(2), time(2, 30), time(6), time(23, 45)


@dataclass(frozen=True)
class Rhythm:
    """A rule and the days on which it falls due; `counts` None stands for every twelfth hour that passes."""

    rule: str
    at: time
    counts: Counts | None


def since_epoch(day: date) -> int:
    return (day - EPOCH).days


def months(day: date) -> int:
    return (day.year - EPOCH.year) * 12 + day.month - 1


def days_in(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def nth(day: date, n: int) -> bool:
    """Whether it is the nth of its weekday in the month; -1 is the last."""
    return (day.day - 1) // 7 == n - 1 if n > 0 else day.day + 7 > days_in(day)


def is_last_workday(day: date) -> bool:
    later = (day.replace(day=number) for number in range(day.day + 1, days_in(day) + 1))
    return day.weekday() < 5 and all(other.weekday() > 4 for other in later)


def on(*weekdays: int) -> Counts:
    return lambda day: day.weekday() in weekdays


def always(day: date) -> bool:
    return True


RHYTHMS = (
    *(Rhythm("FREQ=DAILY", at, always) for at in (EARLY, NIGHT, GAP, GAP, GAP, time(3), LOOK, LOOK, LAST)),
    Rhythm("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", GAP, on(0, 1, 2, 3, 4)),
    Rhythm("FREQ=DAILY;INTERVAL=2", GAP, lambda day: since_epoch(day) % 2 == 0),
    Rhythm("FREQ=DAILY;INTERVAL=5", LAST, lambda day: since_epoch(day) % 5 == 0),
    Rhythm("FREQ=HOURLY;INTERVAL=12", NIGHT, None),
    Rhythm("FREQ=WEEKLY;BYDAY=SA", NIGHT, on(5)),
    Rhythm("FREQ=WEEKLY;BYDAY=SU", GAP, on(6)),
    Rhythm("FREQ=WEEKLY;BYDAY=MO", time(9), on(0)),
    Rhythm("FREQ=WEEKLY;BYDAY=SA,SU", GAP, on(5, 6)),
    Rhythm("FREQ=WEEKLY", LOOK, on(0)),
    Rhythm(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", GAP, lambda day: day.weekday() == 1 and since_epoch(day) // 7 % 2 == 0
    ),
    Rhythm(
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=TH", EARLY, lambda day: day.weekday() == 3 and since_epoch(day) // 7 % 3 == 0
    ),
    Rhythm("FREQ=MONTHLY;BYMONTHDAY=1", EARLY, lambda day: day.day == 1),
    Rhythm("FREQ=MONTHLY;BYMONTHDAY=-1", LAST, lambda day: day.day == days_in(day)),
    Rhythm("FREQ=MONTHLY;BYMONTHDAY=31", GAP, lambda day: day.day == 31),
    Rhythm("FREQ=MONTHLY;BYMONTHDAY=29", GAP, lambda day: day.day == 29),
    Rhythm("FREQ=MONTHLY;BYDAY=1SA", NIGHT, lambda day: day.weekday() == 5 and nth(day, 1)),
    Rhythm("FREQ=MONTHLY;BYDAY=-1FR", LOOK, lambda day: day.weekday() == 4 and nth(day, -1)),
    Rhythm("FREQ=MONTHLY;BYDAY=1SU", GAP, lambda day: day.weekday() == 6 and nth(day, 1)),
    Rhythm("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", LAST, is_last_workday),
    Rhythm("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15", GAP, lambda day: day.day == 15 and months(day) % 2 == 0),
    Rhythm("FREQ=MONTHLY;BYDAY=3WE", time(9), lambda day: day.weekday() == 2 and nth(day, 3)),
    Rhythm(
        "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=2SA",
        NIGHT,
        lambda day: day.month % 3 == 1 and day.weekday() == 5 and nth(day, 2),
    ),
    Rhythm("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=10", GAP, lambda day: day.day == 10 and months(day) % 3 == 0),
    Rhythm(
        "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1",
        LAST,
        lambda day: day.month % 3 == 0 and day.day == days_in(day),
    ),
    Rhythm("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", GAP, lambda day: (day.month, day.day) == (2, 29)),
    Rhythm("FREQ=YEARLY;BYYEARDAY=100", EARLY, lambda day: (day - day.replace(month=1, day=1)).days == 99),
    Rhythm("FREQ=YEARLY;BYYEARDAY=-1", LAST, lambda day: (day.month, day.day) == (12, 31)),
    Rhythm(
        "FREQ=YEARLY;BYMONTH=7;BYDAY=3SA",
        NIGHT,
        lambda day: day.month == 7 and day.weekday() == 5 and nth(day, 3),
    ),
    Rhythm(
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", LOOK, lambda day: day.weekday() == 0 and day.isocalendar().week == 20
    ),
    # The very nights in which clocks are changed, at a time that one of them does not have.
    Rhythm(
        "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
        GAP,
        lambda day: day.month in (3, 10) and day.weekday() == 6 and nth(day, -1),
    ),
    Rhythm(
        "FREQ=YEARLY;BYMONTH=4,10;BYDAY=1SU",
        GAP,
        lambda day: day.month in (4, 10) and day.weekday() == 6 and nth(day, 1),
    ),
)
assert len(RHYTHMS) == 40, len(RHYTHMS)


def sunday(year: int, month: int, n: int) -> date:
    days = (date(year, month, number) for number in range(1, monthrange(year, month)[1] + 1))
    return next(day for day in days if day.weekday() == 6 and nth(day, n))


def berlin(moment: datetime) -> timedelta:
    """Two hours ahead from the last Sunday of March to the last of October, both at 01:00 UTC; else one."""
    begin, end = (datetime.combine(sunday(moment.year, month, -1), time(1), UTC) for month in (3, 10))
    return 2 * HOUR if begin <= moment < end else HOUR


def sydney(moment: datetime) -> timedelta:
    """Ten hours ahead from the first Sunday of April to the first of October, both at 16:00 UTC of the day before;
    else eleven."""
    begin, end = (datetime.combine(sunday(moment.year, month, 1) - DAY, time(16), UTC) for month in (4, 10))
    return 10 * HOUR if begin <= moment < end else 11 * HOUR


def tashkent(moment: datetime) -> timedelta:
    return 5 * HOUR


ZONES = {"Europe/Berlin": berlin, "Australia/Sydney": sydney, "Asia/Tashkent": tashkent}


def moment_of(wall: datetime, offset: Callable[[datetime], timedelta]) -> datetime:
    """When a place's clocks show this: the first time if twice; if never, as that before the change has it."""
    guess = wall.replace(tzinfo=UTC)
    before, after = offset(guess - 2 * DAY), offset(guess + 2 * DAY)
    shown = [guess - one for one in (before, after) if offset(guess - one) == one]
    return min(shown) if shown else guess - before


def due_times(rhythm: Rhythm, zone: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """What falls due in [since, until), ascending."""
    offset = ZONES[zone]
    if rhythm.counts is None:
        moment = moment_of(datetime.combine(EPOCH, rhythm.at), offset)
        moment += (since - moment) // (12 * HOUR) * 12 * HOUR
        while moment < until:
            if moment >= since:
                yield moment
            moment += 12 * HOUR
        return
    day = since.date() - DAY
    while day <= until.date() + DAY:
        if rhythm.counts(day):
            moment = moment_of(datetime.combine(day, rhythm.at), offset)
            if since <= moment < until:
                yield moment
        day += DAY
