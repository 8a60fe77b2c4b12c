"""Rules that repeat: RFC 5545 recurrences by the wall clock of a place, and the moments that they mean. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

# Where counting begins for rules such as "every second week": a Monday that opens a year.
EPOCH = date(2024, 1, 1)
ONE_DAY = timedelta(days=1)
YEARS_AHEAD = 8
"""29 February comes within eight years, even where a century has none."""
# The calendar repeats every 400 years, weekdays and all. A rule that never comes true is searched for until the
# year 9999, so it is expanded close to that: milliseconds instead of minutes, for whatever somebody types.
_SHIFT_YEARS = 7600
_PARTS = frozenset(
    {"FREQ", "INTERVAL", "WKST", "UNTIL", "COUNT", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}
    | {"BYDAY", "BYSETPOS", "BYHOUR", "BYMINUTE"}
)
_LONGEST = 500


def fault_of(text: str) -> str:
    """What is wrong with a rule, in one sentence that says what to write instead; empty when it is good."""
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    # A second line would be another property: DTSTART lets it be counted from there, for seconds.
    if len(text) > _LONGEST or not parts.get("FREQ") or re.search(r"\s", text):
        return "write an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=SU"
    if parts["FREQ"] in ("SECONDLY", "MINUTELY"):
        return "nothing is done more often than every hour: use FREQ=HOURLY or less"
    if unknown := parts.keys() - _PARTS:
        return f"{', '.join(sorted(unknown))} cannot be used here; known are {', '.join(sorted(_PARTS))}"
    if "COUNT" in parts or "UNTIL" in parts:
        return "a rule has no end of its own: pause the entry or take it away instead of COUNT or UNTIL"
    if re.search(r"INTERVAL=0*(;|$)", text.upper()):
        return "INTERVAL begins at 1"
    try:
        found = _walls(text, datetime.combine(EPOCH, time()), EPOCH, EPOCH.replace(year=EPOCH.year + YEARS_AHEAD))
    except (ValueError, TypeError, KeyError) as error:
        return f"not an RFC 5545 rule ({error}); write for instance FREQ=MONTHLY;BYDAY=1SA"
    if not found:
        return "it never comes true: look at its months and days"
    return "" if len(found) > 1 else f"it does not come twice within {YEARS_AHEAD} years: look at its INTERVAL"


def moments(text: str, at: time, zone: ZoneInfo, first: datetime, last: datetime) -> tuple[datetime, ...]:
    """The moments of a rule in [first, last), UTC, ascending, each once. `at` is the wall clock's time in `zone`.

    A rule of days says a wall-clock time, so it keeps to the clock when that is changed: a time that the change
    skips is read with the offset before it (02:30 becomes 03:30, as RFC 5545 section 3.3.5 has it), one that
    comes twice is meant the first time. A rule of hours counts hours that pass, and is not doubled or cut by it.
    """
    begin, end = first.astimezone(zone).date() - ONE_DAY, last.astimezone(zone).date() + ONE_DAY
    every = _moments(text, at, zone, *_whole_years(begin, end))
    return tuple(moment for moment in every if first <= moment < last)


def forget() -> None:
    """Forget what was worked out by the rules of zones that have changed."""
    _moments.cache_clear()


def as_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of a zone show this naive time, by the rules in `moments`."""
    # fold=0 is the first of two, and for a time that is skipped the offset before the change.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def next_moment(text: str, at: time, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment of a rule later than `after`; None when it does not come within eight years."""
    for years in (1, YEARS_AHEAD):
        found = moments(text, at, zone, after + timedelta(microseconds=1), after + timedelta(days=366 * years))
        if found:
            return found[0]
    return None


def _whole_years(begin: date, end: date) -> tuple[date, date]:
    """Many ask for nearly the same days, so whole years are expanded and kept."""
    return date(begin.year, 1, 1), date(end.year + 1, 1, 1)


@lru_cache(maxsize=4096)
def _moments(text: str, at: time, zone: ZoneInfo, begin: date, end: date) -> tuple[datetime, ...]:
    if "FREQ=HOURLY" in text.upper():
        start = as_utc(datetime.combine(EPOCH, at), zone).replace(tzinfo=None)
        return tuple(moment.replace(tzinfo=UTC) for moment in _walls(text, start, begin, end))
    walls = _walls(text, datetime.combine(EPOCH, at), begin, end)
    return tuple(sorted({as_utc(wall, zone) for wall in walls}))


def _walls(text: str, start: datetime, begin: date, end: date) -> list[datetime]:
    """The naive times of a rule in [begin, end]."""
    rule = rrulestr(text, dtstart=_years_later(start, _SHIFT_YEARS))
    first, last = datetime.combine(begin, time()), datetime.combine(end, time())
    found = rule.between(_years_later(first, _SHIFT_YEARS), _years_later(last, _SHIFT_YEARS), inc=True)
    return [_years_later(wall, -_SHIFT_YEARS) for wall in found]


def _years_later(wall: datetime, years: int) -> datetime:
    return wall.replace(year=wall.year + years)
