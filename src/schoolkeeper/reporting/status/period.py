"""The stretch of time that a report is about, in days of the system's own zone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from schoolkeeper.kernel.errors import Invalid

Length = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole local days from `first` to `last`; the last one is today and ends, for the report, `now`.

    A day begins at local midnight, so that it has 23 or 25 hours when the clocks are changed.
    """

    length: Length
    zone: ZoneInfo
    first: date
    last: date
    before: date
    """The first day of the period of the same length just before, which ends where this one starts."""
    now: datetime

    @property
    def start(self) -> datetime:
        return self.midnight(self.first)

    @property
    def start_before(self) -> datetime:
        return self.midnight(self.before)

    @property
    def end(self) -> datetime:
        """Midnight after the last day; it may lie after `now`."""
        return self.midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> tuple[date, ...]:
        count = (self.last - self.first).days + 1
        return tuple(self.first + timedelta(days=number) for number in range(count))

    def midnight(self, day: date) -> datetime:
        """The first moment of a local day, in UTC; where the clocks skip midnight, the moment they skip at."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day_of(self, at: datetime) -> date:
        """The local day in which a moment lies."""
        return at.astimezone(self.zone).date()


def ending(now: datetime, length: Length, zone: ZoneInfo) -> Period:
    """The day, the seven days or the month that ends with today.

    On the last day of a calendar month "month" is exactly that month; on the 23rd it goes back to the 24th of
    the month before. Raises Invalid for another length or a `now` without a zone.
    """
    if length not in get_args(Length):
        raise Invalid(f"period {length!r}", [f"known are: {', '.join(get_args(Length))}"])
    if now.tzinfo is None:
        raise Invalid("now", ["the time of a report needs a zone"])
    today = now.astimezone(zone).date()
    tomorrow = today + timedelta(days=1)
    first = _back(tomorrow, length)
    return Period(length=length, zone=zone, first=first, last=today, before=_back(first, length), now=now)


def _back(day: date, length: Length) -> date:
    """One day, week or month earlier; the 31st becomes the last day of a shorter month."""
    if length != "month":
        return day - timedelta(days=1 if length == "day" else 7)
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
