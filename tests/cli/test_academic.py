"""calendar, window series, move, propose and choose, as they are typed."""

from datetime import datetime

import pytest
from django.utils import timezone

from schoolkeeper.calendars.models import AcademicEvent, Freeze, FreezeRule, Window, WindowSeries
from tests.cli.conftest import Cli
from tests.cli.test_programme import refused
from tests.controlroom import believable_activity, believable_calendar
from tests.programme.school import take

NORTH = ("--institution", "North")


@pytest.fixture
def north(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")
    take(zone="Asia/Tashkent", institution="North")
    return cli


def test_a_calendar_is_added_read_corrected_ruled_and_removed(north: Cli) -> None:
    file = north.file("school.ics", believable_calendar.text(timezone.now()))
    made = north.json("calendar", "add", "Registrar", "--file", file, *NORTH)
    assert (made["level"], made["read_from"]) == ("ok", "an uploaded file")
    found = {one["title"]: one for one in north.json("calendar", "events", *NORTH)}
    assert found["Winter examinations"]["freeze"] == "hard"
    assert "Winter examinations" in north("calendar", "events", *NORTH).stdout
    assert north("calendar", "correct", found["Open house"]["id"], "exams").exit_code == 0
    assert Freeze.objects.get(event=found["Open house"]["id"]).kind == "hard"
    assert north("calendar", "rule", "term", "soft", "--before", 3, *NORTH).exit_code == 0
    assert Freeze.objects.filter(event__category="term").exists()
    assert north("calendar", "rule", "term", "usual", *NORTH).exit_code == 0
    assert not FreezeRule.objects.exists()
    assert "from 0 to" in refused(north, "calendar", "rule", "term", "soft", "--before", -1)
    refused(north, "calendar", "remove", made["id"], "--reason", " ", code=1)
    assert north("calendar", "remove", made["id"], "--reason", "old").exit_code == 0
    assert not AcademicEvent.objects.exists()


def test_an_event_is_entered_changed_and_taken_away(north: Cli) -> None:
    days = ("--from", "2099-05-01", "--to", "2099-05-02")
    made = north.json("calendar", "enter", "Resits", "exams", *days, *NORTH)
    assert (made["starts_at"], made["ends_at"]) == ("2099-04-30T19:00:00Z", "2099-05-02T19:00:00Z")
    assert (made["all_day"], made["freeze"]) == (True, "hard")
    hours = ("--from", "2099-05-01 08:00", "--to", "2099-05-01 12:00")
    changed = north.json("calendar", "change", made["id"], "--title", "Oral resits", *hours)
    assert (changed["title"], changed["starts_at"]) == ("Oral resits", "2099-05-01T03:00:00Z")
    assert not changed["all_day"]
    assert Freeze.objects.get().starts_at == AcademicEvent.objects.get().starts_at
    assert "say what to change" in refused(north, "calendar", "change", made["id"])
    assert "--to" in refused(north, "calendar", "change", made["id"], "--from", "2099-05-01")
    assert "ends_at" in refused(north, "calendar", "enter", "Late", "term", *days[:2], "--to", "2099-04-01")
    assert north("calendar", "take-away", made["id"]).exit_code == 0
    assert not Freeze.objects.exists()
    refused(north, "calendar", "take-away", made["id"], code=1)


def test_an_uploaded_calendar_is_replaced(north: Cli) -> None:
    file = north.file("school.ics", believable_calendar.text(timezone.now()))
    made = north.json("calendar", "add", "Registrar", "--file", file, *NORTH)
    before = AcademicEvent.objects.count()
    newer = north.file("newer.ics", believable_calendar.text(timezone.now()).replace("Open house", "Open day"))
    assert north.json("calendar", "replace", made["id"], newer)["level"] == "ok"
    assert AcademicEvent.objects.filter(title="Open day").exists()
    assert AcademicEvent.objects.count() == before
    broken = north.file("broken.ics", "BEGIN:VCALENDAR")
    refused(north, "calendar", "replace", made["id"], broken)
    assert AcademicEvent.objects.count() == before


def test_what_cannot_be_read_is_unknown(north: Cli) -> None:
    made = north.json("calendar", "add", "Exams", "--address", "/nowhere/exams.ics", *NORTH)
    assert made["level"] == "unknown"
    assert "UNKNOWN" in north("calendar", "list").stdout
    assert north.json("calendar", "read", made["id"])["says"].startswith("It could not be read")
    assert "no system in our care" in refused(north, "calendar", "list", "--institution", "Nroth")
    assert "either an address" in refused(north, "calendar", "add", "Nothing")


def test_windows_repeat_change_move_and_end(north: Cli) -> None:
    rule = ("--rule", "FREQ=WEEKLY;BYDAY=SU", "--minutes", 120)
    made = north.json("window", "series", "begin", "Care", *rule, "--at", "02:30", *NORTH)
    assert (made["zone"], made["about"]) == ("Asia/Tashkent", "North")
    assert "--at" in refused(north, "window", "series", "begin", "Care", *rule, "--at", "late", *NORTH)
    assert north.json("window", "series", "change", made["id"], "--at", "01:00")["at"] == "01:00:00"
    window = Window.objects.order_by("starts_at")[2]
    times = ("--from", "2099-05-01 08:00", "--to", "2099-05-01 09:00")
    moved = north.json("window", "move", window.pk, *times)
    assert datetime.fromisoformat(moved["starts_at"]).hour == 3
    refused(north, "window", "move", 999999, *times, code=1)
    assert "Care" in north("window", "series", "list").stdout
    assert north("window", "series", "end", made["id"], "--reason", "enough").exit_code == 0
    assert north.json("window", "series", "list") == []


def test_the_quietest_is_proposed_and_chosen(north: Cli) -> None:
    assert "load.activity" in refused(north, "window", "propose", "north-college", code=1)
    believable_activity.count("north-college", timezone.now())
    offered = north.json("window", "propose", "north-college", "--minutes", 60)
    assert [one["day"] for one in offered if one["is_quietest"]] == ["sunday"]
    assert "quietest" in north("window", "propose", "north-college").stdout
    assert "--day" in refused(north, "window", "choose", "north-college", "--day", "someday")
    chosen = north.json("window", "choose", "north-college", "--day", "friday")
    assert chosen["rule"] == "FREQ=WEEKLY;BYDAY=FR"
    assert "% of a week's activity" in WindowSeries.objects.get().reason
