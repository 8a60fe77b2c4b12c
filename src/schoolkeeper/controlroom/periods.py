"""The days that a calendar shows: one day, a week, a month or a year, by the wall clock of a place. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIEWS: Sequence[tuple[str, str]] = (("today", "Today"), ("week", "Week"), ("month", "Month"), ("year", "Year"))
_DAY = timedelta(days=1)
_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` until before `after`, where the clocks show `zone`. `view` is one of VIEWS."""

    view: str
    first: date
    after: date
    zone: ZoneInfo

    @property
    def begin(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.after, self.zone)

    @property
    def earlier(self) -> date:
        """A day of the period before."""
        return self.first - _DAY

    @property
    def days(self) -> list[date]:
        return [self.first + _DAY * number for number in range((self.after - self.first).days)]

    @property
    def title(self) -> str:
        match self.view:
            case "week":
                last = self.after - _DAY
                begin = f"{self.first.day} {self.first:%B}" if self.first.month != last.month else self.first.day
                return f"{begin} to {last.day} {last:%B %Y}"
            case "month":
                return f"{self.first:%B %Y}"
            case "year":
                return str(self.first.year)
        return f"{self.first:%A} {self.first.day} {self.first:%B %Y}"

    def contains(self, day: date) -> bool:
        return self.first <= day < self.after


def period(view: str, day: date, zone: ZoneInfo) -> Period:
    """The day, week, month or year around a day; what is no view is the day."""
    match view:
        case "week":
            first = day - _DAY * day.weekday()
            return Period(view, first, first + 7 * _DAY, zone)
        case "month":
            return Period(view, day.replace(day=1), _next_month(day), zone)
        case "year":
            return Period(view, date(day.year, 1, 1), date(day.year + 1, 1, 1), zone)
    return Period("today", day, day + _DAY, zone)


def weeks(days: Sequence[date]) -> list[list[date | None]]:
    """Days in rows of seven, from Monday; None where the row has a day that is not among them."""
    cells: list[date | None] = [None] * days[0].weekday() + list(days)
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def day_of(text: str, today: date) -> date:
    """The day that an address names ("2026-11-23"), else today."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return today
    return found if _FIRST <= found < _LAST else today


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)
