"""An event as a source tells it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from schoolkeeper.calendars.recurrence import as_utc


@dataclass(frozen=True, slots=True)
class Found:
    """`uid` is this event's alone, `series` that of all its repetitions; `ends_at` is later than `starts_at`."""

    uid: str
    series: str
    title: str
    category: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a zone, in UTC."""
    return as_utc(datetime.combine(day, time()), zone)
