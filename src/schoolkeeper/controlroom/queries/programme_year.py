"""A year of one system's programme: too much to list, so each day and each entry is counted."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.periods import Period, weeks
from schoolkeeper.controlroom.queries import occurrences
from schoolkeeper.controlroom.queries.bands import Band
from schoolkeeper.controlroom.queries.tasks import title_of_task
from schoolkeeper.controlroom.rule_words import is_daily
from schoolkeeper.controlroom.wording import Word

_MOST_DAYS = 6
_COUNT = f"""
SELECT (o.due_at AT TIME ZONE %(zone)s)::date AS day, e.task, e.rule, {occurrences.STANDING} AS standing, count(*)
  FROM programme_entry AS e JOIN programme_occurrence AS o ON o.entry_id = e.id
  LEFT JOIN programme_occurrence AS later ON later.id = o.caught_up_by_id
 WHERE e.system = %(system)s AND o.due_at >= %(begin)s AND o.due_at < %(end)s
 GROUP BY 1, 2, 3, 4 ORDER BY 1
"""  # noqa: S608  # of our own words alone


@dataclass(frozen=True, slots=True)
class YearDay:
    """One day: how many occurrences stand how, and how many of them do not come every day (`rare`)."""

    day: date
    today: date
    bands: Sequence[Band]
    counts: Mapping[str, int]
    rare: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def is_today(self) -> bool:
        return self.day == self.today

    @property
    def word(self) -> Word | None:
        """How the day looks: as the worst of it."""
        worst = next((name for name in wording.WORST_FIRST if self.counts.get(name)), None)
        return wording.OCCURRENCES[worst] if worst else None

    @property
    def freeze(self) -> str:
        """hard or soft, "" when the day is not frozen."""
        return next((band.kind for band in self.bands if band.is_freeze), "")

    @property
    def has_window(self) -> bool:
        return any(not band.is_freeze for band in self.bands)

    @property
    def says(self) -> str:
        """All of it in words, for whoever cannot see the colours."""
        told = [f"{count} {wording.OCCURRENCES[name].text.lower()}" for name, count in self.counts.items()]
        told += [f"{band.title} ({band.says.lower()})" for band in self.bands]
        return f"{self.day:%A} {self.day.day} {self.day:%B}: {', '.join(told) or 'nothing is due'}"


@dataclass(frozen=True, slots=True)
class Month:
    """One month in rows of weeks; None stands for a day of another month."""

    first: date
    weeks: Sequence[Sequence[YearDay | None]]


@dataclass(slots=True)
class EntryCount:
    """What one entry holds in one month."""

    title: str
    counts: Counter[str] = field(default_factory=Counter)
    days: list[date] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def words(self) -> list[tuple[Word, int]]:
        return [
            (wording.OCCURRENCES[name], self.counts[name]) for name in wording.WORST_FIRST if self.counts[name]
        ]

    @property
    def on(self) -> str:
        """On which days, when they are few: "3, 17"."""
        return ", ".join(f"{day:%a} {day.day}" for day in self.days) if len(self.days) <= _MOST_DAYS else ""


@dataclass(frozen=True, slots=True)
class MonthList:
    """One month as a list: its entries, the rarest first."""

    first: date
    bands: Sequence[Band]
    entries: Sequence[EntryCount]


@dataclass(frozen=True, slots=True)
class Year:
    months: Sequence[Month]
    lists: Sequence[MonthList]


def year(slug: str, period: Period, found: Sequence[Band], now: datetime) -> Year:
    """A year counted by the day and by the entry, with one query."""
    today = now.astimezone(period.zone).date()
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    rare: Counter[date] = Counter()
    entries: dict[tuple[int, str], EntryCount] = {}
    with connection.cursor() as cursor:
        place: dict[str, datetime | str] = {
            "now": now,
            "zone": str(period.zone),
            "system": slug,
            "begin": period.begin,
            "end": period.end,
        }
        cursor.execute(_COUNT, place)
        for day, task, rule, standing, count in cursor.fetchall():
            counts[day][standing] += count
            rare[day] += 0 if is_daily(rule) else count
            entry = entries.setdefault((day.month, task), EntryCount(title_of_task(task)))
            entry.counts[standing] += count
            if day not in entry.days:
                entry.days.append(day)
    days = [
        YearDay(day, today, [band for band in found if band.covers(day)], counts[day], rare[day])
        for day in period.days
    ]
    return Year(
        [_month(days, number) for number in range(1, 13)],
        [_list(period, found, entries, number) for number in range(1, 13)],
    )


def _month(days: Sequence[YearDay], number: int) -> Month:
    by_day = {one.day: one for one in days if one.day.month == number}
    rows = weeks(list(by_day))
    return Month(next(iter(by_day)), [[by_day[day] if day else None for day in row] for row in rows])


def _list(
    period: Period, found: Sequence[Band], entries: Mapping[tuple[int, str], EntryCount], number: int
) -> MonthList:
    first = date(period.first.year, number, 1)
    after = first.replace(day=28) + timedelta(days=4)
    inside = [first + timedelta(days=count) for count in range((after.replace(day=1) - first).days)]
    mine = [entry for (month, _), entry in entries.items() if month == number]
    return MonthList(
        first,
        [band for band in found if any(band.covers(day) for day in inside)],
        sorted(mine, key=lambda entry: (entry.total, entry.title)),
    )
