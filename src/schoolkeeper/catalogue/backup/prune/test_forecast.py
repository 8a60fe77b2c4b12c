"""When the store is full: a date from numbers, or nothing."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.backup.prune.forecast import full_on, growth_bytes_per_day

TODAY = date(2026, 3, 2)


def before(*days_bytes: int) -> dict[date, int]:
    """What each day left, yesterday first."""
    return {TODAY - timedelta(days=back): size for back, size in enumerate(days_bytes, start=1)}


def test_steady_growth_is_its_own_median() -> None:
    assert growth_bytes_per_day(before(*[100] * 28), TODAY) == 100
    assert full_on(1000, before(*[100] * 28), TODAY) == TODAY + timedelta(days=10)


def test_an_import_makes_no_trend() -> None:
    days = [100] * 28
    days[3] = 10**9
    assert growth_bytes_per_day(before(*days), TODAY) == 100


def test_thinned_out_days_count_by_the_week() -> None:
    """Of older weeks one set is left; the days between have nothing, and the growth is not zero for that."""
    days = [100] * 7 + [0, 0, 0, 0, 0, 0, 140] * 6
    assert growth_bytes_per_day(before(*days), TODAY) == 20


def test_less_than_two_weeks_say_nothing() -> None:
    assert growth_bytes_per_day(before(*[100] * 13), TODAY) is None
    assert growth_bytes_per_day({}, TODAY) is None
    assert full_on(1000, before(*[100] * 13), TODAY) is None


def test_no_limit_and_no_growth_say_nothing() -> None:
    assert full_on(None, before(*[100] * 28), TODAY) is None
    assert full_on(1000, before(*[0] * 28), TODAY) is None
    assert full_on(10**18, before(*[1] * 28), TODAY) is None, "beyond the calendar"


def test_a_full_store_is_full_today() -> None:
    assert full_on(0, before(*[100] * 28), TODAY) == TODAY
    assert full_on(-5, before(*[100] * 28), TODAY) == TODAY


@given(days=st.lists(st.integers(0, 10**9), min_size=14, max_size=120), free=st.integers(0, 10**12))
def test_more_room_is_never_full_earlier(days: list[int], free: int) -> None:
    sooner, later = (full_on(size, before(*days), TODAY) for size in (free, 2 * free))
    assert later is None or (sooner is not None and sooner <= later)
