"""From counted activity to the window that disturbs least."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, ActivityOptions, SourceFacts, Week
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme.quietest.choosing import choose, proposals, quietest
from schoolkeeper.programme.quietest.heat import Heat, heat, heat_of
from schoolkeeper.programme.quietest.proposing import propose
from schoolkeeper.records.models import Run
from tests.programme.school import at, take

NOW = at("2026-03-01 12:00")
MONDAY, SUNDAY = 0, 6


def school_week(quiet: dict[tuple[int, int], float] | None = None) -> Week:
    """Ten actions an hour, but for the hours named (weekday, hour)."""
    return [[(quiet or {}).get((day, hour), 10.0) for hour in range(24)] for day in range(7)]


def source(week: Week, name: str = "access", **more: Any) -> SourceFacts:
    values: dict[str, Any] = {"name": name, "kind": "requests", "weeks": 8, "actions": 1000, "per_hour": week}
    return SourceFacts(**values | more)


def facts(*sources: SourceFacts, seen_at: datetime = NOW, zone: str = "Asia/Tashkent") -> ActivityFacts:
    return ActivityFacts(seen_at=seen_at, zone=zone, sources=list(sources))


def mapped(*sources: SourceFacts) -> Heat:
    return heat(facts(*sources), ActivityOptions())


def test_the_quietest_contiguous_stretch_of_each_weekday() -> None:
    # Two single quiet hours on Monday are no two quiet hours: 13 and 14 together are.
    quiet = {(0, 2): 0.0, (0, 20): 0.0, (0, 13): 2.0, (0, 14): 2.0}
    offered = propose(mapped(source(school_week(quiet))), 120)
    assert [one.weekday for one in offered] == list(range(7))
    assert (offered[MONDAY].at, offered[MONDAY].rule) == (time(13), "FREQ=WEEKLY;BYDAY=MO")


def test_equally_quiet_stretches_are_taken_at_night() -> None:
    offered = propose(mapped(source(school_week())), 120)
    assert {one.at for one in offered} == {time(2)}  # its middle is 03:00
    assert {one.at for one in propose(mapped(source(school_week())), 60)} == {time(2)}
    assert {one.at for one in propose(mapped(source(school_week())), 360)} == {time(0)}


def test_a_stretch_passes_midnight_and_the_end_of_the_week() -> None:
    quiet = {(6, 23): 0.0, (0, 0): 0.0}
    offered = propose(mapped(source(school_week(quiet))), 120)
    assert offered[SUNDAY].at == time(23)
    assert offered[SUNDAY].share_percent == 0


def test_half_an_hour_counts_half() -> None:
    offered = propose(mapped(source(school_week({(0, 5): 0.0, (0, 6): 4.0, (0, 4): 9.0}))), 90)
    assert offered[MONDAY].at == time(5)
    assert offered[MONDAY].share_percent == pytest.approx(100 * 2 / (10 * 165 + 13))


def test_sources_weigh_alike_however_many_actions_they_count() -> None:
    many = source(school_week({(0, 1): 0.0, (0, 2): 2.0}))
    few = source([[value / 1000 for value in day] for day in school_week({(0, 1): 9.0, (0, 2): 2.0})], "database")
    both = mapped(many, few)
    assert sum(map(sum, both.share_percent)) == pytest.approx(100)
    assert propose(both, 60)[MONDAY].at == time(2)


def test_sources_that_cover_too_little_do_not_count() -> None:
    known = mapped(source(school_week({(0, 1): 0.0})), source(school_week({(0, 9): 0.0}), "database", weeks=1.0))
    assert [one.name for one in known.sources] == ["access"]
    assert propose(known, 60)[MONDAY].at == time(1)
    unknown = mapped(source(school_week(), weeks=1.0), source(school_week({}), "database", actions=0))
    assert unknown.unknown
    assert unknown.share_percent == []
    assert propose(unknown, 60) == ()


def test_the_reason_says_the_numbers() -> None:
    quiet = {(2, 3): 0.5, (2, 4): 0.25}
    (reason,) = [one.reason for one in propose(mapped(source(school_week(quiet))), 120) if one.weekday == 2]
    assert reason == (
        "Wednesday 03:00 is where 120 minutes that begin on a Wednesday disturb least: "
        "0.05 % of a week's activity, against 1.20 % at worst "
        "(access: 0.8 requests on average, over 8.0 weeks; counted at 2026-03-01)."
    )


weeks = st.lists(st.lists(st.integers(0, 50), min_size=24, max_size=24), min_size=7, max_size=7)


@given(weeks.filter(lambda week: any(map(any, week))), st.sampled_from([60, 120, 240, 480]))
def test_no_stretch_of_a_day_is_quieter_than_the_one_proposed(week: Week, minutes: int) -> None:
    line = [value for day in week for value in day] * 2
    total, hours = sum(line) / 2, minutes // 60
    for one in propose(mapped(source(week)), minutes):
        sums = [sum(line[one.weekday * 24 + hour :][:hours]) for hour in range(24)]
        assert one.share_percent == pytest.approx(100 * min(sums) / total, abs=1e-5)


def count(week: Week, seen_at: datetime = NOW, zone: str = "Asia/Tashkent", **options: int) -> None:
    Run.objects.create(
        system="north-college",
        task="load.activity",
        spec_version=1,
        requested_by="test",
        requested_at=seen_at,
        state=Run.State.ENDED,
        outcome="ok",
        options=options,
        facts_before=facts(source(week), seen_at=seen_at, zone=zone).model_dump(mode="json"),
    )


@pytest.mark.django_db
def test_choosing_makes_windows_with_the_reason() -> None:
    take(zone="Asia/Tashkent")
    count(school_week())
    count(school_week({(4, 1): 0.0, (4, 2): 0.0}))
    made = choose("north-college", 120, by="keeper", now=NOW, says="Saved work stays.")
    assert (made.rule, made.at, made.zone, made.minutes) == ("FREQ=WEEKLY;BYDAY=FR", time(1), "Asia/Tashkent", 120)
    assert "0.00 % of a week's activity" in made.reason
    first = made.windows.order_by("starts_at")[0]
    assert first.starts_at == at("2026-03-05 20:00")  # Friday, 6 March, 01:00 in Tashkent
    assert choose("north-college", 60, weekday=SUNDAY, by="keeper", now=NOW).rule == "FREQ=WEEKLY;BYDAY=SU"


@pytest.mark.django_db
def test_between_equals_the_day_nearest_to_the_weekends_end() -> None:
    take(zone="Asia/Tashkent")
    count(school_week())
    assert quietest(proposals("north-college", 60, NOW)).weekday == SUNDAY


@pytest.mark.django_db
def test_what_is_unknown_is_not_quiet() -> None:
    take(zone="Asia/Tashkent")
    assert heat_of("north-college", NOW, "Asia/Tashkent") is None
    with pytest.raises(Refused, match=r"run load\.activity"):
        choose("north-college", 60, by="keeper", now=NOW)
    count(school_week())
    with pytest.raises(Refused, match="last counted at 2026-03-01"):
        choose("north-college", 60, by="keeper", now=NOW + timedelta(days=36))
    with pytest.raises(Invalid, match="which is a day"):
        proposals("north-college", 1441, NOW)
    with pytest.raises(Invalid, match="weekday"):
        choose("north-college", 60, weekday=7, by="keeper", now=NOW)
    count(school_week(), zone="Europe/Berlin")
    with pytest.raises(Refused, match="by the clock of Europe/Berlin"):
        choose("north-college", 60, by="keeper", now=NOW)
    count(school_week(), weeks=20, least_weeks=9)
    with pytest.raises(Refused, match="No source covers 9 weeks"):
        choose("north-college", 60, by="keeper", now=NOW)
