"""Times and spans as people type them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from schoolkeeper.kernel.errors import Invalid

_SPAN = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_YEARS = range(2000, 2200)

ZoneOption = Annotated[
    str, typer.Option("--zone", help="By which clock times are meant; default: that of the systems concerned.")
]
Parsed = TypeVar("Parsed")


def moment(text: str, zone: tzinfo) -> datetime:
    """The moment that a text means, UTC; without an offset it is by the clock of `zone`. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise ValueError(f'write a time such as "2027-01-15 08:00" or 2027-01-15, not {text!r}')
    # fold=0, as for due times: a time that comes twice is meant the first time.
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def day(text: str) -> date:
    """The day that a text means. Raises ValueError."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise ValueError(f"write a day such as 2027-01-15, not {text!r}")
    return found


def span(text: str) -> timedelta:
    """The span that a text such as 30m, 4h or 7d means. Raises ValueError."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"write a number and a unit such as 30m, 4h or 7d, not {text!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def zone(name: str) -> ZoneInfo:
    """The zone of this name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone; write one like Asia/Tashkent") from None


class Options:
    """Parses options one after the other and tells all their faults together."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._faults: list[str] = []

    def parse(self, name: str, parser: Callable[[], Parsed], instead: Parsed) -> Parsed:
        """What `parser` gives; when it finds a fault, that is kept, and `instead` goes on."""
        try:
            return parser()
        except ValueError as error:
            self._faults.append(f"--{name}: {error}")
            return instead

    def end(self) -> None:
        """Raises Invalid when there was any fault."""
        if self._faults:
            raise Invalid(self._what, self._faults)


def by_whose_clock(system: str, institution: str, given: str) -> ZoneInfo:
    """The zone in which times about a system or an institution are typed and shown.

    Raises ValueError, and Invalid when nothing in our care is called so: then no zone would help.
    """
    from schoolkeeper.calendars.scope import check, zone_of

    if given:
        return zone(given)
    check("place", system, institution)
    found = zone_of(system, institution)
    if found is None:
        raise ValueError("these systems have several clocks, or are none: say which you mean, such as --zone UTC")
    return found
