from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.reporting.status.period import ending

TASHKENT, BERLIN = ZoneInfo("Asia/Tashkent"), ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_week_is_today_and_the_six_days_before() -> None:
    week = ending(at("2026-11-23T04:30"), "week", TASHKENT)
    assert (week.first, week.last) == (date(2026, 11, 17), date(2026, 11, 23))
    assert (week.start, week.start_before) == (at("2026-11-16T19:00"), at("2026-11-09T19:00"))
    assert len(week.days) == 7


def test_today_is_the_systems_today() -> None:
    assert ending(at("2026-11-22T18:59:59"), "day", TASHKENT).last == date(2026, 11, 22)
    assert ending(at("2026-11-22T19:00:00"), "day", TASHKENT).last == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("now", "first", "before"),
    [
        ("2026-10-31T12:00", date(2026, 10, 1), date(2026, 9, 1)),  # the calendar month
        ("2026-02-28T12:00", date(2026, 2, 1), date(2026, 1, 1)),
        ("2024-02-29T12:00", date(2024, 2, 1), date(2024, 1, 1)),
        ("2026-11-23T12:00", date(2026, 10, 24), date(2026, 9, 24)),
        ("2026-03-30T12:00", date(2026, 2, 28), date(2026, 1, 28)),
        ("2026-01-10T12:00", date(2025, 12, 11), date(2025, 11, 11)),
    ],
)
def test_month_goes_back_to_the_day_after_the_same_day(now: str, first: date, before: date) -> None:
    month = ending(at(now), "month", TASHKENT)
    assert (month.first, month.before) == (first, before)


def test_days_have_23_and_25_hours_when_the_clocks_change() -> None:
    spring = ending(at("2026-03-29T10:00"), "day", BERLIN)
    assert spring.end - spring.start == timedelta(hours=23)
    autumn = ending(at("2026-10-25T10:00"), "day", BERLIN)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_where_the_clocks_skip_midnight_the_day_begins_when_they_do() -> None:
    havana = ending(at("2026-03-08T15:00"), "day", ZoneInfo("America/Havana"))
    assert havana.start == at("2026-03-08T05:00")
    assert havana.day_of(havana.start) == date(2026, 3, 8)
    assert havana.day_of(havana.start - timedelta(seconds=1)) == date(2026, 3, 7)


@pytest.mark.parametrize("length", ["year", ""])
def test_other_lengths_are_refused(length: Any) -> None:
    with pytest.raises(Invalid, match="day, week, month"):
        ending(at("2026-11-23T04:30"), length, TASHKENT)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="needs a zone"):
        ending(datetime(2026, 11, 23), "day", TASHKENT)  # noqa: DTZ001
