"""Windows that repeat: begun, changed and ended by people; a single window moved by the clock of its place."""

from collections.abc import Mapping
from datetime import UTC, datetime, time

import pytest
from django.test import Client
from django.urls import reverse

from schoolkeeper.calendars.models import Window, WindowSeries
from tests.controlroom.test_actions import ledger_of
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db
GIVEN = {
    "title": "Sunday care", "often": "FREQ=WEEKLY;BYDAY=SU", "own": "", "at": "02:30", "minutes": "90",
    "allows": "3", "says": "Save your work.", "reason": "Nobody is there",
}  # fmt: skip


def begin(browser: Client, system: str, **more: str) -> str:
    given = {**GIVEN, "about": f"system:{system}", **more}
    return browser.post(reverse("admin:series_begin"), given, follow=True).content.decode()


def test_a_keeper_begins_changes_and_ends(cast: Mapping[str, Client], system: str) -> None:
    assert "No window repeats." in text_of(cast["viewer"], "windows")
    begin(cast["keeper"], system)
    made = WindowSeries.objects.get()
    assert (made.at, made.zone, made.system, made.made_by) == (time(2, 30), "Asia/Tashkent", system, "keeper")
    text = text_of(cast["viewer"], "windows", system=system)
    assert "Every week on Sunday" in text
    assert "90 minutes" in text
    assert "End it" not in text
    address = reverse("admin:series_change", args=[made.pk])
    assert 'value="02:30"' in cast["keeper"].get(address).content.decode()
    cast["keeper"].post(address, {**GIVEN, "often": "own", "own": "FREQ=WEEKLY;BYDAY=FR,SA", "minutes": "60"})
    made.refresh_from_db()
    assert (made.rule, made.minutes, made.system) == ("FREQ=WEEKLY;BYDAY=FR,SA", 60, system)
    end = reverse("admin:series_end", args=[made.pk])
    assert b"Say why" in cast["keeper"].post(end, {"reason": ""}, follow=True).content
    cast["keeper"].post(end, {"reason": "the supplier does it"})
    assert not Window.objects.exists()
    assert [who for who, _, _ in ledger_of("window_series.ended")] == ["keeper"]
    assert cast["keeper"].get(address).status_code == 404


def test_faults_stand_beside_their_fields(cast: Mapping[str, Client], system: str) -> None:
    text = begin(cast["keeper"], system, often="own", own="FREQ=SOMETIMES", minutes="4", at="late")
    for said in ("Enter a valid time.", "greater than or equal to 5"):
        assert said in text
    assert "sk-errors" in begin(cast["keeper"], system, often="own", own="FREQ=SOMETIMES")
    assert "each would begin before" in begin(cast["keeper"], system, often="FREQ=DAILY", minutes="1500").lower()
    assert not WindowSeries.objects.exists()


def test_a_single_window_is_moved_by_the_clock_there(cast: Mapping[str, Client], system: str) -> None:
    begin(cast["keeper"], system)
    window = Window.objects.order_by("starts_at")[3]
    address = reverse("admin:window_move", args=[window.pk])
    assert address in text_of(cast["keeper"], "windows")
    assert cast["viewer"].post(address, {}).status_code == 403
    times = {"starts_at": "2099-05-01T08:00", "ends_at": "2099-05-01T09:00"}
    assert b"Give a day and a time" in cast["keeper"].post(address, {**times, "ends_at": "x"}, follow=True).content
    wrong = {**times, "ends_at": "2099-05-01T07:00"}
    assert b"it must come after" in cast["keeper"].post(address, wrong, follow=True).content
    cast["keeper"].post(address, times)
    window.refresh_from_db()
    assert window.starts_at == datetime(2099, 5, 1, 3, tzinfo=UTC)
    assert [who for who, _, _ in ledger_of("window.moved")] == ["keeper"]
