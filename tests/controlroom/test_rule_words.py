"""Rules in words, and the days of a calendar."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from schoolkeeper.calendars.recurrence import fault_of
from schoolkeeper.controlroom.periods import day_of, period, weeks
from schoolkeeper.controlroom.rule_words import CHOICES, ON_DEMAND, OWN, in_words
from schoolkeeper.programme.usual import DUTIES, TASKS


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", ON_DEMAND),
        ("FREQ=HOURLY;INTERVAL=6", "Every 6 hours"),
        ("FREQ=DAILY;INTERVAL=1", "Every day"),
        ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "From Monday to Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "Every week on Monday and Thursday"),
        ("freq=weekly;interval=2;byday=sa;wkst=mo", "Every second week on Saturday"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "On the last Friday of each month"),
        ("FREQ=MONTHLY;BYMONTHDAY=23", "On the 23rd of each month"),
        ("FREQ=MONTHLY;BYMONTHDAY=12", "On the 12th of each month"),
        ("FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=2SA", "On the second Saturday of January, April, July and October"),
        ("FREQ=YEARLY;BYMONTH=7;BYDAY=3SA", "Every year on the third Saturday of July"),
        ("FREQ=MONTHLY;BYDAY=5SA", OWN),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", OWN),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1SA", OWN),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", OWN),
        ("FREQ=YEARLY;BYYEARDAY=100", OWN),
        ("FREQ=WEEKLY;BYDAY=XX", OWN),
        ("nonsense", OWN),
    ],
)
def test_a_rule_in_words(rule: str, said: str) -> None:
    assert in_words(rule) == said


def test_every_usual_rule_is_a_choice_and_has_words_of_its_own() -> None:
    usual = {one.rule for one in (*TASKS.values(), *DUTIES.values())}
    assert usual <= set(CHOICES)
    assert len({in_words(rule) for rule in CHOICES}) == len(CHOICES)
    assert OWN not in map(in_words, CHOICES)
    assert not any(map(fault_of, CHOICES))


ZONE = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("view", "first", "after", "title"),
    [
        ("today", date(2026, 3, 29), date(2026, 3, 30), "Sunday 29 March 2026"),
        ("week", date(2026, 3, 23), date(2026, 3, 30), "23 to 29 March 2026"),
        ("month", date(2026, 3, 1), date(2026, 4, 1), "March 2026"),
        ("year", date(2026, 1, 1), date(2027, 1, 1), "2026"),
        ("nonsense", date(2026, 3, 29), date(2026, 3, 30), "Sunday 29 March 2026"),
    ],
)
def test_the_days_of_a_period(view: str, first: date, after: date, title: str) -> None:
    shown = period(view, date(2026, 3, 29), ZONE)
    assert (shown.first, shown.after, shown.title) == (first, after, title)
    assert shown.contains(first)
    assert not shown.contains(after)


def test_a_day_on_which_the_clocks_change_has_the_hours_that_it_has() -> None:
    shown = period("today", date(2026, 3, 29), ZONE)
    assert shown.end.timestamp() - shown.begin.timestamp() == 23 * 3600


def test_a_week_over_the_end_of_a_month_names_both() -> None:
    assert period("week", date(2026, 4, 1), ZONE).title == "30 March to 5 April 2026"


def test_weeks_begin_on_monday_and_are_filled_up() -> None:
    shown = period("month", date(2026, 11, 23), ZONE)
    rows = weeks(shown.days)
    assert rows[0] == [None] * 6 + [date(2026, 11, 1)]
    assert all(len(row) == 7 for row in rows)
    assert [day for row in rows for day in row if day] == shown.days


def test_a_day_of_an_address_is_a_day_or_today() -> None:
    today = date(2026, 11, 23)
    for text in ("", "tomorrow", "2026-02-30", "9999-01-01", "1800-01-01"):
        assert day_of(text, today) == today
    assert day_of("2027-01-02", today) == date(2027, 1, 2)
    assert period("month", day_of("2199-12-31", today), ZONE).after - timedelta(days=1) == date(2199, 12, 31)
