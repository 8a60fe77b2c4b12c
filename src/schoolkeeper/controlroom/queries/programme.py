"""The programme of one system: what each day of a period holds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.periods import Period
from schoolkeeper.controlroom.queries import occurrences
from schoolkeeper.controlroom.queries.bands import Band
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.occurrences import OccurrenceRow
from schoolkeeper.controlroom.rule_words import is_daily
from schoolkeeper.controlroom.wording import Word

_FINE = frozenset({"done", "coming", "due", "waived", "paused", "running"})


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a calendar. `named` are shown one by one; `counted` come nearly every day and are as they should
    be, so that their number says enough."""

    day: date
    today: date
    bands: Sequence[Band]
    named: Sequence[OccurrenceRow]
    counted: Sequence[OccurrenceRow]

    @property
    def is_today(self) -> bool:
        return self.day == self.today

    @property
    def told(self) -> list[tuple[Band, str]]:
        """The bands, each with the hours that it takes of this day."""
        return [(band, band.hours_on(self.day)) for band in self.bands]

    @property
    def all(self) -> list[OccurrenceRow]:
        return sorted((*self.named, *self.counted), key=lambda row: (row.due_at, row.title))

    @property
    def counted_words(self) -> list[tuple[Word, int]]:
        """The counted ones by how they stand."""
        tally = Counter(row.standing for row in self.counted)
        return [(wording.OCCURRENCES[name], tally[name]) for name in wording.WORST_FIRST if tally[name]]


def days(slug: str, period: Period, found: Sequence[Band], names: Names, now: datetime) -> list[Day]:
    """Each day of a period with all that is due on it."""
    records = occurrences.listed(slug).filter(due_at__gte=period.begin, due_at__lt=period.end)
    by_day: dict[date, list[OccurrenceRow]] = defaultdict(list)
    for row in occurrences.rows(records.order_by("due_at", "id"), names, now):
        by_day[row.due_at.astimezone(period.zone).date()].append(row)
    today = now.astimezone(period.zone).date()
    return [_day(day, today, found, by_day[day]) for day in period.days]


def _day(day: date, today: date, found: Sequence[Band], due: Iterable[OccurrenceRow]) -> Day:
    named, counted = list[OccurrenceRow](), list[OccurrenceRow]()
    for row in due:
        (counted if is_daily(row.rule) and row.standing in _FINE else named).append(row)
    return Day(day, today, [band for band in found if band.covers(day)], named, counted)


@dataclass(frozen=True, slots=True)
class Attention:
    """What somebody should see first: each list is cut, `…_more` tells that there is more."""

    overdue: Sequence[OccurrenceRow]
    missed: Sequence[OccurrenceRow]
    running: Sequence[OccurrenceRow]
    coming: Sequence[OccurrenceRow]
    overdue_more: bool = False
    missed_more: bool = False


def attention(now: datetime, names: Names, system: str = "", *, most: int = 6) -> Attention:
    """Of one system or of all: what is late, what was missed and not done since, what goes on, what is next."""
    overdue, missed, running, coming = (
        occurrences.rows(records[: most + 1], names, now)
        for records in (
            occurrences.overdue(now, system),
            occurrences.missed(now, system),
            occurrences.running(system),
            occurrences.coming(now, system),
        )
    )
    return Attention(
        overdue[:most], missed[:most], running[:most], coming[:most], len(overdue) > most, len(missed) > most
    )
