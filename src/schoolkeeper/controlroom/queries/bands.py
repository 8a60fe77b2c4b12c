"""Freezes and windows as they are drawn into a calendar."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.connectors.system import System
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.periods import Period, midnight


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time. `kind` is hard, soft (freezes) or window."""

    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo

    @property
    def is_freeze(self) -> bool:
        return self.kind != "window"

    @property
    def says(self) -> str:
        """What it means: "Nothing may be changed"."""
        return wording.FREEZES[self.kind].text if self.is_freeze else "Maintenance window"

    @property
    def symbol(self) -> str:
        return "ac_unit" if self.is_freeze else "construction"

    def covers(self, day: date) -> bool:
        return self.starts_at < midnight(day + timedelta(days=1), self.zone) and self.ends_at > midnight(
            day, self.zone
        )

    def hours_on(self, day: date) -> str:
        """The part of a day that it takes: "02:00 to 04:00", "from 18:00", "all day"."""
        begins = self.starts_at > midnight(day, self.zone)
        ends = self.ends_at < midnight(day + timedelta(days=1), self.zone)
        start, end = (f"{at.astimezone(self.zone):%H:%M}" for at in (self.starts_at, self.ends_at))
        if begins and ends:
            return f"{start} to {end}"
        return f"from {start}" if begins else f"until {end}" if ends else "all day"


def bands(system: System, period: Period) -> list[Band]:
    """What lies in a period, freezes first, each in the order in which they begin."""
    inside = {"starts_at__lt": period.end, "ends_at__gt": period.begin}
    frozen = [
        Band(one.kind, one.title, one.starts_at, one.ends_at, period.zone)
        for one in freezes.of(system).filter(**inside)
    ]
    planned = [
        Band("window", one.title, one.starts_at, one.ends_at, period.zone)
        for one in windows.of(system).filter(**inside)
    ]
    return frozen + planned
