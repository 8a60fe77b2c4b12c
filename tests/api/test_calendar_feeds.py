"""Calendar feeds, read by another's calendar library as a calendar program would."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import recurring_ical_events
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from icalendar import Calendar

from schoolkeeper.api import feeds
from schoolkeeper.api.models import CalendarFeed
from schoolkeeper.calendars import freezes, windows
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme import entries
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.records.models import LedgerEntry
from tests.api.conftest import Program
from tests.cli.conftest import Cli
from tests.programme.school import at, look_ahead, take

pytestmark = pytest.mark.django_db
NOW = at("2026-09-20 12:00")
Ask = Callable[..., Any]


@pytest.fixture
def berlin() -> None:
    take("south-college", zone="Europe/Berlin", institution="South")
    take("north-college", zone="Asia/Tashkent", institution="North")
    look_ahead(NOW)


def address(**of: Any) -> str:
    _, token = feeds.make(**of, by="test", now=NOW)
    return feeds.address(token)


def fetch(where: str, status: int = 200, **headers: str) -> Any:
    with time_machine.travel(NOW, tick=False):
        answer = Client().get(where, headers=headers)
    assert answer.status_code == status, answer.content[:200]
    return answer


def on(day: date, where: str) -> dict[str, datetime]:
    """When what begins on a day, as a calendar program that expands the feed finds it."""
    calendar = Calendar.from_ical(fetch(where).content)
    parts = recurring_ical_events.of(calendar, components=["VEVENT", "VTODO"]).at(day)
    return {str(part["summary"]): part["dtstart"].dt for part in parts}


def test_clocks_are_put_back_and_what_is_due_at_three_stays_at_three(berlin: None) -> None:
    entries.change("south-college", "database.analyze", {"at": at("2026-01-01 03:00").time()}, by="t", now=NOW)
    where = address(institution="South")
    found = {day: on(date(2026, 10, day), where) for day in (24, 25, 26)}
    title = next(one for one in found[24] if one.endswith("south-college") and found[24][one].hour == 3)
    times = [found[day][title] for day in (24, 25, 26)]
    assert [(one.hour, one.minute) for one in times] == [(3, 0)] * 3
    assert [one.astimezone(UTC).hour for one in times] == [1, 2, 2]
    spring = [on(date(2027, 3, day), where)[title] for day in (27, 28, 29)]
    assert [(one.hour, one.astimezone(UTC).hour) for one in spring] == [(3, 2), (3, 1), (3, 1)]


def test_a_time_that_the_clocks_skip_comes_as_the_programme_has_it(berlin: None) -> None:
    entries.change("south-college", "database.analyze", {"at": at("2026-01-01 02:30").time()}, by="t", now=NOW)
    where = address(institution="South")
    due = Occurrence.objects.get(
        entry__task="database.analyze", entry__system="south-college", due_at__date="2027-03-28"
    )
    assert due.due_at in {one.astimezone(UTC) for one in on(date(2027, 3, 28), where).values()}
    assert (due.due_at.hour, due.due_at.minute) == (1, 30)


def test_everything_due_in_the_year_is_there_and_says_its_zone(berlin: None) -> None:
    answer = fetch(address(institution="South"))
    calendar = Calendar.from_ical(answer.content)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    due = Occurrence.objects.filter(entry__system="south-college", due_at__lt=NOW + timedelta(days=366))
    parts = [*calendar.walk("VEVENT"), *calendar.walk("VTODO")]
    assert len(parts) == due.count() > 1000
    assert {part["dtstart"].dt.astimezone(UTC) for part in parts} == set(due.values_list("not_before", flat=True))
    assert {part["dtstart"].params.get("TZID") for part in parts} == {"Europe/Berlin"}
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert len({str(part["uid"]) for part in parts}) == len(parts)
    assert len(calendar.walk("VTODO")) == due.filter(entry__by_people=True).count()


def test_what_is_done_every_day_can_be_left_out(berlin: None) -> None:
    calendar = Calendar.from_ical(fetch(address(institution="South", daily=False)).content)
    rare = Occurrence.objects.filter(entry__system="south-college", due_at__lt=NOW + timedelta(days=366))
    rare = rare.exclude(entry__rule="FREQ=DAILY")
    assert len([*calendar.walk("VEVENT"), *calendar.walk("VTODO")]) == rare.count() > 0


def test_windows_and_freezes_are_there_and_cancelled_when_taken_back(berlin: None) -> None:
    times = {"starts_at": at("2026-10-25 00:00"), "ends_at": at("2026-10-25 03:00"), "by": "t", "now": NOW}
    window = windows.plan(title="Upgrade", system="south-college", says="Away for a while.", **times)
    freezes.declare(kind="hard", title="Exams", institution="South", **times)
    freezes.declare(kind="soft", title="Elsewhere", institution="North", **times)
    freezes.declare(kind="soft", title="Everywhere", **times)
    where = address(institution="South")

    def stretches() -> dict[str, Any]:
        calendar = Calendar.from_ical(fetch(where).content)
        return {str(one["summary"]): one for one in calendar.walk("VEVENT") if "DTEND" in one}

    found = stretches()
    assert found.keys() == {"Maintenance: Upgrade", "Freeze: Exams", "Freeze: Everywhere"}
    upgrade = found["Maintenance: Upgrade"]
    assert (upgrade["dtstart"].dt.hour, upgrade["dtend"].dt.hour) == (2, 4)
    assert upgrade["dtend"].dt - upgrade["dtstart"].dt == timedelta(hours=2)  # as the clocks show it
    assert upgrade["dtend"].dt.astimezone(UTC) - upgrade["dtstart"].dt.astimezone(UTC) == timedelta(hours=3)
    windows.cancel(window.pk, by="t", reason="not ready", now=NOW)
    again = stretches()["Maintenance: Upgrade"]
    assert (again["status"], again["uid"]) == ("CANCELLED", upgrade["uid"])


def test_a_persons_feed_has_what_they_own_or_stand_in_for(berlin: None) -> None:
    entries.change("south-college", "duty.policy_review", {"owner": "m.karimova"}, by="t", now=NOW)
    entries.change("north-college", "duty.security_review", {"deputy": "m.karimova"}, by="t", now=NOW)
    where = address(person="m.karimova")
    todos = Calendar.from_ical(fetch(where).content).walk("VTODO")
    assert {str(one["summary"]).split(": ")[1] for one in todos} == {"south-college", "north-college"}
    assert {one["dtstart"].params["TZID"] for one in todos} == {"Europe/Berlin", "Asia/Tashkent"}
    assert {one["status"] for one in todos} == {"NEEDS-ACTION"}
    User.objects.create(username="m.karimova", is_active=False)
    fetch(where, status=404)


def test_a_persons_feed_goes_with_their_account(berlin: None) -> None:
    person = User.objects.create(username="m.karimova")
    where, other = address(person="m.karimova"), address(institution="South")
    fetch(where)
    person.delete()
    fetch(where, status=404)
    fetch(other)
    assert [one.subject for one in LedgerEntry.objects.filter(kind="feed.revoked")] == ["m.karimova"]


def test_an_entry_keeps_its_place_when_its_rows_are_made_anew(berlin: None) -> None:
    where = address(institution="South")

    def uids() -> set[str]:
        return {str(one["uid"]) for one in Calendar.from_ical(fetch(where).content).walk("VTODO")}

    before = uids()
    entries.change("south-college", "duty.policy_review", {"at": at("2026-01-01 10:00").time()}, by="t", now=NOW)
    assert uids() != before
    entries.change("south-college", "duty.policy_review", {"at": None}, by="t", now=NOW)
    assert uids() == before


def test_who_has_it_already_is_told_so_until_something_changes(berlin: None) -> None:
    where = address(institution="South")
    tag = fetch(where)["ETag"]
    unchanged = fetch(where, 304, **{"If-None-Match": tag})
    assert (unchanged.content, unchanged["ETag"]) == (b"", tag)
    Occurrence.objects.filter(entry__system="north-college").update(state="waived", says="x")
    fetch(where, 304, **{"If-None-Match": tag})
    first = Occurrence.objects.filter(entry__system="south-college").earliest("due_at")
    Occurrence.objects.filter(pk=first.pk).update(state="waived", says="x")
    changed = fetch(where, **{"If-None-Match": tag})
    assert changed["ETag"] != tag
    assert "CANCELLED" in changed.content.decode()


def test_a_wrong_or_revoked_address_is_not_there(berlin: None) -> None:
    feed, token = feeds.make(institution="South", by="test", now=NOW)
    fetch(feeds.address(token))
    for wrong in (token[:-1], "x", "%00", "\u00e9", "a" * 5000, feed.digest):
        fetch(f"/calendar/{wrong}.ics", status=404)
    assert Client(enforce_csrf_checks=True).post(feeds.address(token)).status_code == 405
    feeds.revoke(feed.pk, by="test", now=NOW)
    fetch(feeds.address(token), status=404)
    with pytest.raises(Refused):
        feeds.revoke(feed.pk, by="test", now=NOW)
    entries_ = LedgerEntry.objects.filter(kind__startswith="feed.")
    assert list(entries_.values_list("kind", flat=True)) == ["feed.made", "feed.revoked"]
    assert token not in str(list(entries_.values_list("data", flat=True)))
    assert token not in str(list(CalendarFeed.objects.values_list()))


@pytest.mark.parametrize(
    "of", [{}, {"institution": "South", "person": "x"}, {"institution": "Suoth"}, {"person": "x"}]
)
def test_a_feed_of_nothing_is_refused(berlin: None, of: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        feeds.make(**of, by="test", now=NOW)


def test_programs_make_and_revoke_them(berlin: None) -> None:
    viewer, administrator = Program("viewer"), Program("administrator")
    made = viewer("POST", "/feeds", {"institution": "South", "daily": False}, status=201)
    assert fetch(made["address"].removeprefix("http://testserver"))["ETag"]
    assert [one["id"] for one in viewer("GET", "/feeds")] == [made["id"]]
    assert "address" not in viewer("GET", "/feeds")[0]
    own = viewer("POST", "/feeds", {"person": "viewer-program"}, status=201)
    viewer("POST", "/feeds", {"person": "administrator-program"}, status=403)
    others = administrator("POST", "/feeds", {"institution": "North"}, status=201)
    viewer("POST", f"/feeds/{others['id']}/revoke", status=403)
    assert viewer("POST", f"/feeds/{own['id']}/revoke")["revoked_at"]
    assert administrator("POST", f"/feeds/{made['id']}/revoke")["revoked_at"]
    fetch(made["address"].removeprefix("http://testserver"), status=404)
    assert viewer("GET", "/feeds") == []


def test_people_make_and_revoke_them_at_the_command_line(berlin: None, tmp_path: Any) -> None:
    cli = Cli(tmp_path)
    where = cli("feed", "make", "--institution", "South", "--no-daily").stdout.strip()
    fetch(where)
    (line,) = cli.json("feed", "list")
    assert (line["institution"], line["daily"]) == ("South", False)
    assert "South" in cli("feed", "list").stdout
    assert cli("feed", "revoke", line["number"]).exit_code == 0
    fetch(where, status=404)
    assert cli("feed", "revoke", line["number"]).exit_code == 1
    assert cli("feed", "make").exit_code == 2
