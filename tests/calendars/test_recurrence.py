"""Due times over clock changes, as tables that one can check by hand."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.calendars.recurrence import as_utc, fault_of, moments, next_moment

BERLIN, SYDNEY, TASHKENT = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney"), ZoneInfo("Asia/Tashkent")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def listed(rule: str, clock: str, zone: ZoneInfo, first: str, last: str) -> list[str]:
    found = moments(rule, time.fromisoformat(clock), zone, at(first), at(last))
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("zone", "clock", "first", "last", "expected"),
    [
        # Berlin, 29 March 2026: 02:00 becomes 03:00. 02:30 is skipped, and meant as 03:30 summer time.
        (
            BERLIN,
            "02:30",
            "2026-03-28",
            "2026-03-31",
            ["2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"],
        ),
        (BERLIN, "03:30", "2026-03-28", "2026-03-30", ["2026-03-28 02:30", "2026-03-29 01:30"]),
        # Berlin, 25 October 2026: 03:00 becomes 02:00. 02:30 comes twice, and is meant the first time.
        (
            BERLIN,
            "02:30",
            "2026-10-24",
            "2026-10-27",
            ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"],
        ),
        # Sydney, 4 October 2026: 02:00 becomes 03:00 (16:00 UTC the day before).
        (
            SYDNEY,
            "02:30",
            "2026-10-02",
            "2026-10-05",
            ["2026-10-02 16:30", "2026-10-03 16:30", "2026-10-04 15:30"],
        ),
        # Sydney, 5 April 2026: 03:00 becomes 02:00.
        (
            SYDNEY,
            "02:30",
            "2026-04-03",
            "2026-04-06",
            ["2026-04-03 15:30", "2026-04-04 15:30", "2026-04-05 16:30"],
        ),
        (TASHKENT, "02:30", "2026-03-28", "2026-03-30", ["2026-03-28 21:30", "2026-03-29 21:30"]),
    ],
)
def test_a_day_is_neither_skipped_nor_doubled(
    zone: ZoneInfo, clock: str, first: str, last: str, expected: list[str]
) -> None:
    assert listed("FREQ=DAILY", clock, zone, first, last) == expected


def test_hours_pass_whatever_the_clock_shows() -> None:
    spring = listed("FREQ=HOURLY", "00:00", BERLIN, "2026-03-29T00:00", "2026-03-29T04:00")
    autumn = listed("FREQ=HOURLY", "00:00", BERLIN, "2026-10-25T00:00", "2026-10-25T04:00")
    assert [text[11:] for text in spring] == ["00:00", "01:00", "02:00", "03:00"]
    assert [text[11:] for text in autumn] == ["00:00", "01:00", "02:00", "03:00"]


def test_rules_of_months_and_years() -> None:
    assert listed("FREQ=MONTHLY;BYDAY=1SA", "03:00", TASHKENT, "2026-01-01", "2026-03-30") == [
        "2026-01-02 22:00",
        "2026-02-06 22:00",
        "2026-03-06 22:00",
    ]
    assert listed("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "12:00", TASHKENT, "2024-01-01", "2029-01-01") == [
        "2024-02-29 07:00",
        "2028-02-29 07:00",
    ]
    assert listed("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "00:00", TASHKENT, "2024-01-01", "2024-02-01") == [
        "2024-01-14 19:00",
        "2024-01-28 19:00",
    ]


def test_the_next_one_may_be_years_away() -> None:
    rule, noon = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", time(12)
    assert next_moment(rule, noon, TASHKENT, at("2025-01-01")) == at("2028-02-29T07:00")
    assert next_moment("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", noon, TASHKENT, at("2025-01-01")) is None


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "FREQ=WEEKLY"),
        ("every day", "FREQ=WEEKLY"),
        ("FREQ=MINUTELY", "every hour"),
        ("FREQ=DAILY;COUNT=3", "no end of its own"),
        ("FREQ=DAILY;UNTIL=20270101T000000Z", "no end of its own"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER cannot be used"),
        ("FREQ=WEEKLY;BYDAY=XX", "not an RFC 5545 rule"),
        ("FREQ=OFTEN", "not an RFC 5545 rule"),
        ("FREQ=DAILY\nDTSTART:20260101T000000", "FREQ=WEEKLY"),
        ("FREQ=DAILY\nRDATE:20260101T000000", "FREQ=WEEKLY"),
        ("FREQ=DAILY\r\nEXRULE:FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY"),
        ("FREQ=DAILY;INTERVAL=two", "not an RFC 5545 rule"),
        ("FREQ=DAILY;INTERVAL=0", "begins at 1"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=WEEKLY;BYDAY=" + ",".join(["MO"] * 300), "FREQ=WEEKLY"),
    ],
)
def test_a_wrong_rule_is_told_what_to_write(rule: str, says: str) -> None:
    assert says in fault_of(rule)


@given(
    zone=st.sampled_from([BERLIN, SYDNEY, TASHKENT, ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")]),
    clock=st.times(),
    day=st.dates(min_value=datetime(2025, 1, 1).date(), max_value=datetime(2028, 1, 1).date()),  # noqa: DTZ001
)
def test_a_year_of_days_is_a_year_of_moments(zone: ZoneInfo, clock: time, day: object) -> None:
    first = as_utc(datetime.combine(day, clock), zone)  # type: ignore[arg-type]
    last = as_utc(datetime.combine(day, clock) + timedelta(days=366), zone)  # type: ignore[arg-type]
    found = moments("FREQ=DAILY", clock, zone, first, last)
    assert len(found) == len(set(found)) == 366
    assert list(found) == sorted(found)


def test_neighbouring_stretches_share_nothing_and_miss_nothing() -> None:
    rule, clock = "FREQ=DAILY", time(2, 30)
    whole = moments(rule, clock, BERLIN, at("2026-01-01"), at("2027-01-01"))
    pieces = [
        moment
        for day in range(365)
        for moment in moments(
            rule, clock, BERLIN, at("2026-01-01") + timedelta(days=day), at("2026-01-01") + timedelta(days=day + 1)
        )
    ]
    assert list(whole) == pieces
