"""Counting what happened by weekday and hour of a zone, in one pass and constant memory."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from schoolkeeper.catalogue.load.activity.facts import Week

QUARTER_SECONDS = 900
"""Every zone of today is off UTC by a whole number of quarters of an hour, so all of one is in the same hour."""
WEEK_SECONDS = 7 * 24 * 3600


class Hours:
    """Counts by hour of the week; times are in seconds since 1970 UTC."""

    def __init__(self, zone: str) -> None:
        self.total = 0
        self._zone = ZoneInfo(zone)
        self._counts = [[0] * 24 for _ in range(7)]
        self._slots: dict[int, tuple[int, int]] = {}

    def add(self, at: float, count: int = 1) -> None:
        weekday, hour = self._slot(int(at // QUARTER_SECONDS))
        self._counts[weekday][hour] += count
        self.total += count

    def per_hour(self, begin: float, end: float) -> Week:
        """The mean per hour over the hours that there were between `begin` and `end`, clock changes included."""
        quarters = [[0] * 24 for _ in range(7)]
        for quarter in range(int(begin // QUARTER_SECONDS), max(int(end // QUARTER_SECONDS), 0)):
            weekday, hour = self._slot(quarter)
            quarters[weekday][hour] += 1
        return [
            [round(4 * count / seen, 3) if seen else 0.0 for count, seen in zip(*day, strict=True)]
            for day in zip(self._counts, quarters, strict=True)
        ]

    def _slot(self, quarter: int) -> tuple[int, int]:
        slot = self._slots.get(quarter)
        if slot is None:
            local = datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC).astimezone(self._zone)
            slot = self._slots[quarter] = (local.weekday(), local.hour)
        return slot


def weeks_between(begin: float, end: float) -> float:
    """How many weeks there are between two times, to two digits."""
    return round(max(end - begin, 0) / WEEK_SECONDS, 2)
