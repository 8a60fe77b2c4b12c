"""Windows that repeat, and what people do to single ones."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from schoolkeeper.calendars import series, windows
from schoolkeeper.calendars.models import Window, WindowSeries
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.records.models import LedgerEntry

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FIRST = at("2026-03-01 00:00")  # a Sunday; in Berlin clocks go forward on the 29th
DAY = timedelta(days=1)


def sundays(**more: Any) -> WindowSeries:
    values: dict[str, Any] = {"title": "Updates", "rule": "FREQ=WEEKLY;BYDAY=SU", "at": time(2, 30), "minutes": 90}
    values |= {"zone": "Europe/Berlin", "system": "north-college", "by": "keeper", "now": FIRST}
    return series.begin(**values | more)


def starts(made: WindowSeries, count: int = 6) -> list[str]:
    return [f"{one.starts_at:%m-%d %H:%M}" for one in made.windows.order_by("starts_at")[:count]]


def entries(kind: str) -> list[dict[str, Any]]:
    return list(LedgerEntry.objects.filter(kind=kind).order_by("sequence").values_list("data", flat=True))


def test_windows_are_made_a_year_ahead_by_the_wall_clock() -> None:
    made = sundays(says="Saved work stays.")
    # 02:30 does not exist on 29 March: 03:30 summer time, 01:30 UTC; afterwards 00:30 UTC.
    assert starts(made) == [
        "03-01 01:30",
        "03-08 01:30",
        "03-15 01:30",
        "03-22 01:30",
        "03-29 01:30",
        "04-05 00:30",
    ]
    assert made.windows.count() == 53 == len(entries("window.planned"))
    assert {one.ends_at - one.starts_at for one in made.windows.all()} == {timedelta(minutes=90)}
    assert {one.says for one in made.windows.all()} == {"Saved work stays."}


def test_the_year_is_filled_up_once() -> None:
    made = sundays()
    assert series.make_ahead(FIRST + DAY) == 0
    assert series.make_ahead(FIRST + 8 * DAY) == 1
    assert series.make_ahead(FIRST + 8 * DAY) == 0
    assert made.windows.count() == 54


def test_after_a_long_sleep_no_past_windows_are_made() -> None:
    made = sundays()
    assert series.make_ahead(FIRST + 800 * DAY) == 52
    assert not made.windows.filter(starts_at__range=(FIRST + 370 * DAY, FIRST + 800 * DAY)).exists()


def test_a_moved_or_cancelled_window_is_not_made_again() -> None:
    made = sundays()
    second, third = made.windows.order_by("starts_at")[1:3]
    windows.move(
        second.pk, starts_at=at("2026-03-10 20:00"), ends_at=at("2026-03-10 21:00"), by="keeper", now=FIRST
    )
    windows.cancel(third.pk, by="keeper", reason="exams", now=FIRST)
    series.make_ahead(FIRST + 8 * DAY)
    assert starts(made, 4) == ["03-01 01:30", "03-10 20:00", "03-15 01:30", "03-22 01:30"]
    (moved,) = entries("window.moved")
    assert (moved["was_starts_at"], moved["starts_at"]) == (
        "2026-03-08T01:30:00+00:00",
        "2026-03-10T20:00:00+00:00",
    )
    assert (moved["was_ends_at"], moved["ends_at"]) == ("2026-03-08T03:00:00+00:00", "2026-03-10T21:00:00+00:00")


def test_changing_the_rhythm_moves_what_has_not_begun_and_keeps_cancelled_days() -> None:
    made = sundays()
    windows.turn(FIRST + timedelta(hours=2))  # the first is open now
    third = made.windows.order_by("starts_at")[2]
    windows.cancel(third.pk, by="keeper", reason="exams", now=FIRST + timedelta(hours=2))
    series.change(made.pk, {"at": time(4)}, by="deputy", now=FIRST + timedelta(hours=2))
    there = made.windows.order_by("starts_at")
    assert [(f"{one.starts_at:%m-%d %H:%M}", one.cancelled_at is not None) for one in there[:4]] == [
        ("03-01 01:30", False),
        ("03-08 03:00", False),
        ("03-15 01:30", True),
        ("03-22 03:00", False),
    ]
    assert len(entries("window.cancelled")) == 52
    assert entries("window_series.changed")[0]["changed"] == ["at"]


def test_changing_words_keeps_what_was_moved() -> None:
    made = sundays()
    second = made.windows.order_by("starts_at")[1]
    windows.move(
        second.pk, starts_at=at("2026-03-10 20:00"), ends_at=at("2026-03-10 21:00"), by="keeper", now=FIRST
    )
    series.change(made.pk, {"title": "Care"}, by="keeper", now=FIRST)
    second.refresh_from_db()
    assert (second.title, second.starts_at) == ("Care", at("2026-03-10 20:00"))
    assert len(entries("window.changed")) == 53


def test_ending_a_series_takes_away_what_has_not_begun() -> None:
    made = sundays()
    now = FIRST + timedelta(hours=2)
    with pytest.raises(Refused, match="Say why"):
        series.end(made.pk, by="keeper", reason=" ", now=now)
    series.end(made.pk, by="keeper", reason="Nights are used for backups.", now=now)
    assert starts(made) == ["03-01 01:30"]
    assert series.make_ahead(now + 10 * DAY) == 0
    assert {entry["reason"] for entry in entries("window.cancelled")} == {"Nights are used for backups."}
    with pytest.raises(Refused, match="goes on"):
        series.end(made.pk, by="keeper", reason="again", now=now)


def test_all_faults_of_a_series_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        sundays(title=" ", rule="FREQ=DAILY;COUNT=3", zone="Mars/Base", minutes=1, institution="North")
    assert {fault.partition(":")[0] for fault in caught.value.faults} == {
        "title",
        "system",
        "rule",
        "zone",
        "minutes",
    }
    with pytest.raises(Invalid, match="before the one before it is over"):
        sundays(rule="FREQ=DAILY", minutes=1441)
    assert not Window.objects.exists()


def test_what_cannot_be_changed_is_named() -> None:
    made = sundays()
    with pytest.raises(Invalid, match="system: unknown"):
        series.change(made.pk, {"system": "other"}, by="keeper", now=FIRST)


def test_a_window_that_has_begun_is_not_moved() -> None:
    first = sundays().windows.order_by("starts_at")[0]
    later = {"starts_at": at("2026-03-02 01:00"), "ends_at": at("2026-03-02 02:00"), "by": "keeper"}
    with pytest.raises(Refused, match="not begun"):
        windows.move(first.pk, **later, now=FIRST + timedelta(hours=2))  # type: ignore[arg-type]


def test_a_window_is_not_moved_onto_another_or_into_the_past() -> None:
    first, second = sundays().windows.order_by("starts_at")[:2]
    with pytest.raises(Invalid) as caught:
        windows.move(first.pk, starts_at=second.starts_at, ends_at=second.starts_at, by="keeper", now=FIRST)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["ends_at", "starts_at"]
    with pytest.raises(Invalid, match="into the future"):
        windows.move(first.pk, starts_at=FIRST - DAY, ends_at=FIRST, by="keeper", now=FIRST)
