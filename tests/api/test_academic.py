"""Academic calendars, windows that repeat and quiet hours, asked as a program asks."""

import pytest
from django.utils import timezone

from schoolkeeper.calendars.models import AcademicEvent, Freeze, Window, WindowSeries
from tests.api.conftest import Program
from tests.controlroom import believable_activity, believable_calendar

pytestmark = pytest.mark.django_db
SERIES = {"title": "Care", "rule": "FREQ=WEEKLY;BYDAY=SU", "at": "02:30", "zone": "Asia/Tashkent", "minutes": 90}
NORTH = "/systems/north-college/quietest"


def test_a_calendar_is_added_read_corrected_and_removed(keeper: Program, approver: Program) -> None:
    body = {"title": "Registrar", "content": believable_calendar.text(timezone.now())}
    keeper("POST", "/calendars", body, status=403)
    made = approver("POST", "/calendars", body, status=201)
    assert (made["level"], made["read_from"]) == ("unknown", "an uploaded file")
    assert keeper("POST", f"/calendars/{made['id']}/read")["level"] == "ok"
    found = {one["title"]: one for one in keeper("GET", "/events")}
    assert found["Winter examinations"]["freeze"] == "hard"
    newer = {"content": str(body["content"]).replace("Open house", "Open day")}
    keeper("POST", f"/calendars/{made['id']}/replace", newer, status=403)
    assert approver("POST", f"/calendars/{made['id']}/replace", newer)["level"] == "ok"
    found = {one["title"]: one for one in keeper("GET", "/events")}
    house = found["Open day"]["id"]
    assert approver("POST", f"/events/{house}/correct", {"category": "exams"})["freeze"] == "hard"
    rule = {"category": "term", "kind": "soft", "hours_before": 3}
    told = {one["category"]: one for one in approver("PUT", "/freeze-rules", rule)}
    assert (told["term"]["kind"], told["term"]["is_usual"], told["exams"]["is_usual"]) == ("soft", False, True)
    approver("PUT", "/freeze-rules", {"category": "term", "kind": "usual"})
    assert not Freeze.objects.filter(event__category="term").exists()
    approver("POST", f"/calendars/{made['id']}/remove", {"reason": " "}, status=409)
    assert keeper("GET", "/calendars")[0]["title"] == "Registrar"


def test_an_event_by_hand_freezes_and_goes(keeper: Program, approver: Program) -> None:
    times = {"starts_at": "2099-01-11T00:00:00Z", "ends_at": "2099-01-12T00:00:00Z"}
    made = approver("POST", "/events", {"title": "Exams", "category": "exams", **times}, status=201)
    assert made["freeze"] == "hard"
    wrong = {"title": "Exams", "category": "exams", "starts_at": times["ends_at"], "ends_at": times["starts_at"]}
    assert "ends_at" in str(approver("POST", "/events", wrong, status=422)["faults"])
    elsewhere = {"title": "Exams", "category": "exams", **times, "institution": "Nowhere"}
    assert "institution" in str(approver("POST", "/events", elsewhere, status=422)["faults"])
    assert AcademicEvent.objects.count() == 1
    place = f"/events/{made['id']}"
    assert approver("PATCH", place, {"ends_at": "2099-01-13T00:00:00Z"})["ends_at"].startswith("2099-01-13")
    assert Freeze.objects.get().ends_at.day == 13
    assert "ends_at" in str(approver("PATCH", place, {"ends_at": times["starts_at"]}, status=422)["faults"])
    keeper("PATCH", place, {"title": "Mine"}, status=403)
    approver("POST", f"{place}/remove", status=204)
    assert not Freeze.objects.exists()


def test_windows_repeat_change_move_and_end(keeper: Program) -> None:
    made = keeper("POST", "/window-series", SERIES, status=201)
    assert keeper("PATCH", f"/window-series/{made['id']}", {"minutes": 60, "allows": "routine"})["minutes"] == 60
    assert WindowSeries.objects.get().allows == 1
    window = Window.objects.earliest("starts_at")
    times = {"starts_at": "2099-05-01T03:00:00Z", "ends_at": "2099-05-01T04:00:00Z"}
    assert keeper("POST", f"/windows/{window.pk}/move", times)["starts_at"].startswith("2099-05-01T03:00")
    keeper("POST", "/window-series", {**SERIES, "zone": "Mars"}, status=422)
    keeper("POST", "/window-series", {**SERIES, "title": "x" * 250}, status=422)
    assert keeper("POST", f"/window-series/{made['id']}/end", {"reason": "enough"})["ended_at"]
    assert keeper("GET", "/window-series") == []


def test_the_quietest_is_proposed_and_chosen(keeper: Program) -> None:
    assert "load.activity" in keeper("GET", NORTH)["unknown"]
    keeper("POST", NORTH, {}, status=409)
    believable_activity.count("north-college", timezone.now(), zone="UTC")
    told = keeper("GET", f"{NORTH}?minutes=60")
    assert len(told["share_percent"]) == 7
    assert [one["weekday"] for one in told["proposals"] if one["is_quietest"]] == [6]
    assert keeper("POST", NORTH, {"weekday": 4}, status=201)["rule"] == "FREQ=WEEKLY;BYDAY=FR"
