"""Which sets a rule keeps, and why: grandfather, father, son. Pure: dates in, reasons out.

Of each of the newest days, weeks, months and years that have a set, the newest set is kept. So pruning every day
keeps what pruning once at the end would: the set that is to stand for a month is the newest of it all along.
Periods without a set are not counted, so that a holiday or a broken clock uses nothing up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

PERIODS: Mapping[str, Callable[[date], object]] = {
    "day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
    "year": lambda day: day.year,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How many of the newest sets are kept, and of how many days, weeks (ISO 8601), months and years the newest
    set; and for how long every set."""

    last: int
    day: int = 0
    week: int = 0
    month: int = 0
    year: int = 0
    within: timedelta = timedelta(0)


def reasons(taken_at: Mapping[str, datetime], rule: Rule, zone: ZoneInfo, now: datetime) -> dict[str, list[str]]:
    """Why each set that the rule keeps is kept, newest first; sets without a reason are not among them.

    `taken_at` says of each set when it was taken; days begin at midnight in `zone`.
    """
    newest_first = sorted(taken_at, key=lambda one: (taken_at[one], one), reverse=True)
    kept: dict[str, list[str]] = {one: [] for one in newest_first}
    for place, one in enumerate(newest_first[: rule.last], start=1):
        kept[one].append("newest" if place == 1 else f"one of the {rule.last} newest")
    for one in newest_first:
        if rule.within and now - taken_at[one] < rule.within:
            kept[one].append(f"younger than {rule.within.days} days")
    for name, period in PERIODS.items():
        periods = {one: period(taken_at[one].astimezone(zone).date()) for one in newest_first}
        for one in _newest_of_each(periods, getattr(rule, name)):
            kept[one].append(f"newest of its {name}")
    return {one: why for one, why in kept.items() if why}


def _newest_of_each(periods: Mapping[str, object], count: int) -> list[str]:
    """The first set of each of the first `count` periods."""
    firsts: dict[object, str] = {}
    for one, period in periods.items():
        firsts.setdefault(period, one)
    return list(firsts.values())[:count]
