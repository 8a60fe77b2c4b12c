"""When the store will be full. Pure: what each day left in it in, a date out; None where nobody can know."""

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

WEEK = timedelta(days=7)
# A quarter shows what retention leaves of a day in the end; older growth says little about a school's next one.
WEEKS = 13
LEAST_WEEKS = 2


def growth_bytes_per_day(left: Mapping[date, int], today: date) -> float | None:
    """How much the store grows by each day, with retention at work: the median of the last whole weeks.

    `left` says what sets of each day brought that is still needed. By weeks, because retention thins out the days
    of a week; the median, because a term's end or an import must not make a trend.
    """
    first = min(left, default=today)
    weeks = min((today - first) // WEEK, WEEKS)
    if weeks < LEAST_WEEKS:
        return None
    sums = [0] * weeks
    for day, size_bytes in left.items():
        back = (today - timedelta(days=1) - day) // WEEK
        if 0 <= back < weeks:
            sums[back] += size_bytes
    return median(sums) / WEEK.days


def full_on(free_bytes: int | None, left: Mapping[date, int], today: date) -> date | None:
    """The day on which the store is full, if it grows as it did; None when that is unknown or not in sight."""
    growth = growth_bytes_per_day(left, today)
    if free_bytes is None or not growth:
        return None
    days = int(max(free_bytes, 0) / growth)
    return today + timedelta(days=days) if days < (date.max - today).days else None
