"""The rule of retention, tried on all the calendars that Hypothesis can think of."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.backup.prune.retention import Rule, reasons

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2024, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Asia/Tashkent", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]).map(
    ZoneInfo
)
COUNTS = st.integers(0, 8)
RULES = st.builds(
    Rule,
    last=st.integers(1, 5),
    day=COUNTS,
    week=COUNTS,
    month=COUNTS,
    year=COUNTS,
    within=st.timedeltas(timedelta(0), timedelta(days=5)),
)
HOURS = st.sets(st.integers(0, 3 * 366 * 24), min_size=1, max_size=60)


def taken(hours: set[int]) -> dict[str, datetime]:
    return {f"{hour:06}": START + timedelta(hours=hour) for hour in hours}


@given(hours=HOURS, rule=RULES, zone=ZONES)
def test_the_newest_is_never_removed_and_has_its_reason(hours: set[int], rule: Rule, zone: ZoneInfo) -> None:
    sets = taken(hours)
    kept = reasons(sets, rule, zone, max(sets.values()))
    assert next(iter(kept)) == max(sets)
    assert kept[max(sets)][0] == "newest"
    assert all(kept.values())
    assert len([one for one in kept if one in sorted(sets)[-rule.last :]]) == min(rule.last, len(sets))


@given(hours=HOURS, rule=RULES, zone=ZONES)
def test_twice_is_once(hours: set[int], rule: Rule, zone: ZoneInfo) -> None:
    sets = taken(hours)
    now = max(sets.values())
    kept = reasons(sets, rule, zone, now)
    assert reasons({one: sets[one] for one in kept}, rule, zone, now) == kept


@given(hours=HOURS, rule=RULES, more=RULES, zone=ZONES)
def test_a_more_generous_rule_keeps_no_less(hours: set[int], rule: Rule, more: Rule, zone: ZoneInfo) -> None:
    generous = Rule(
        last=rule.last + more.last,
        day=rule.day + more.day,
        week=rule.week + more.week,
        month=rule.month + more.month,
        year=rule.year + more.year,
        within=rule.within + more.within,
    )
    sets = taken(hours)
    now = max(sets.values())
    assert reasons(sets, rule, zone, now).keys() <= reasons(sets, generous, zone, now).keys()


@given(hours=HOURS, rule=RULES, zone=ZONES, every=st.integers(1, 10))
def test_pruning_again_and_again_keeps_what_pruning_once_would(
    hours: set[int], rule: Rule, zone: ZoneInfo, every: int
) -> None:
    """Whatever the days on which it ran: nothing was removed that is wanted in the end."""
    sets = taken(hours)
    there: dict[str, datetime] = {}
    for count, one in enumerate(sorted(sets), start=1):
        there[one] = sets[one]
        if count % every == 0:
            there = {name: there[name] for name in reasons(there, rule, zone, sets[one])}
    now = max(sets.values())
    assert reasons(there, rule, zone, now).keys() == reasons(sets, rule, zone, now).keys()


def year(start: datetime, days: int) -> dict[str, datetime]:
    """A set each noon."""
    return {f"{day:04}": start + timedelta(days=day, hours=12) for day in range(days)}


def test_a_year_of_daily_sets_gives_the_count_that_can_be_reckoned() -> None:
    """31 December 2026 is a Thursday: it stands for its day, week, month and year; 27 December, a Sunday, for its
    day and its week; the other Sundays and the other ends of months stand for themselves."""
    sets = year(datetime(2026, 1, 1, tzinfo=UTC), 365)
    rule = Rule(last=3, day=7, week=5, month=12, year=3, within=timedelta(days=2))
    kept = reasons(sets, rule, UTC_ZONE, datetime(2026, 12, 31, 13, tzinfo=UTC))
    assert len(kept) == 7 + (5 - 2) + (12 - 1)
    assert kept["0364"] == [
        "newest",
        "younger than 2 days",
        "newest of its day",
        "newest of its week",
        "newest of its month",
        "newest of its year",
    ]
    for rule, count in ((Rule(last=1, day=7), 7), (Rule(last=1, week=5), 5), (Rule(last=1, month=12), 12)):
        assert len(reasons(sets, rule, UTC_ZONE, sets["0364"])) == count


def test_a_leap_day_is_a_day() -> None:
    sets = year(datetime(2024, 2, 27, tzinfo=UTC), 4)
    kept = reasons(sets, Rule(last=1, day=3, month=2), UTC_ZONE, sets["0003"])
    assert sorted(kept) == ["0001", "0002", "0003"]
    assert kept["0002"] == ["newest of its day", "newest of its month"], "29 February ends the month"


def test_days_and_weeks_are_those_of_the_school() -> None:
    """20:00 UTC is the next morning in Tashkent; a week begins on Monday there as well."""
    sets = {
        "sunday": datetime(2026, 3, 1, 18, tzinfo=UTC),
        "monday": datetime(2026, 3, 1, 20, tzinfo=UTC),
        "later": datetime(2026, 3, 2, 18, tzinfo=UTC),
    }
    here = reasons(sets, Rule(last=1, week=2), ZoneInfo("Asia/Tashkent"), sets["later"])
    assert sorted(here) == ["later", "sunday"]
    there = reasons(sets, Rule(last=1, week=2), UTC_ZONE, sets["later"])
    assert sorted(there) == ["later", "monday"]


def test_the_hour_that_comes_twice_and_the_one_that_is_missing() -> None:
    """In Berlin 29 March 2026 has 23 hours and 25 October has 25: days still begin at midnight, and of two sets at
    "02:30" the later one is the newer."""
    berlin = ZoneInfo("Europe/Berlin")
    spring = {f"{hour}": datetime(2026, 3, 28, 23, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24)}
    kept = reasons(spring, Rule(last=1, day=2), berlin, spring["23"])
    assert sorted(kept) == ["22", "23"], "23 hours after midnight the next day begins"
    autumn = {
        "first": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        "second": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    }
    assert list(reasons(autumn, Rule(last=1, day=1), berlin, autumn["second"])) == ["second"]


def test_weeks_at_the_turn_of_the_year_are_whole() -> None:
    """31 December 2026 and 1 January 2027 lie in one week (2026-W53), and in two months and years."""
    sets = {"old": datetime(2026, 12, 31, 12, tzinfo=UTC), "new": datetime(2027, 1, 1, 12, tzinfo=UTC)}
    assert list(reasons(sets, Rule(last=1, week=2), UTC_ZONE, sets["new"])) == ["new"]
    assert list(reasons(sets, Rule(last=1, month=2), UTC_ZONE, sets["new"])) == ["new", "old"]
