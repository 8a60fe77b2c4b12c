"""The academic calendar's page: sources with how far to trust them, events with what they freeze, and rules."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from schoolkeeper.calendars.models import AcademicEvent, CalendarSource, Freeze, FreezeRule
from schoolkeeper.estate.models import SystemRecord
from tests.controlroom import believable_calendar
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db
NORTH = {"institution": "North"}


@pytest.fixture(autouse=True)
def north(system: str) -> None:
    SystemRecord.objects.update(institution="North")


def file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("school.ics", text.encode())


def act(browser: Client, name: str, *args: object, **given: object) -> str:
    return browser.post(reverse(f"admin:{name}", args=args), {**NORTH, **given}, follow=True).content.decode()


def test_without_a_calendar_the_page_says_what_that_means(cast: Mapping[str, Client]) -> None:
    text = text_of(cast["viewer"], "academic")
    assert "Calendar of North" in text
    assert "nothing is frozen for exams or enrolment unless a person declares it" in text
    assert "Add a calendar…" not in text


def test_what_cannot_be_read_is_unknown_beside_what_can(cast: Mapping[str, Client], now: datetime) -> None:
    believable_calendar.fill("North", now)
    text = text_of(cast["viewer"], "academic", **NORTH)
    for said in (
        "It could not be read: /srv/calendars/exams.ics is no file",
        "public holidays of UZ",
        "an uploaded",
    ):
        assert said in text
    for said in ("Winter examinations", "Entrance examination", "entered by approver", "no such"):
        assert (said in text) == (said != "no such")
    exams = text_of(cast["viewer"], "academic", category="exams", **NORTH)
    assert "Winter examinations" in exams
    assert "Spring term" not in exams


def test_an_address_is_shown_without_what_may_be_secret(cast: Mapping[str, Client], now: datetime) -> None:
    CalendarSource.objects.create(
        institution="North", title="Private", address="https://cal.example.org/private-s3cret/basic.ics",
        made_by="approver", made_at=now,
    )  # fmt: skip
    text = text_of(cast["administrator"], "academic", **NORTH)
    assert "cal.example.org" in text
    assert "s3cret" not in text


def test_a_file_is_added_read_at_once_replaced_and_removed(cast: Mapping[str, Client], now: datetime) -> None:
    browser, first = cast["approver"], believable_calendar.text(now)
    assert "It was read at" in act(browser, "calendar_add", title="Registrar", content=file(first))
    source = CalendarSource.objects.get()
    assert AcademicEvent.objects.count() == 5
    assert set(Freeze.objects.values_list("kind", flat=True)) == {"hard", "soft"}
    moved = first.replace("Open house", "Final examinations")
    act(browser, "calendar_replace", source.pk, content=file(moved))
    assert AcademicEvent.objects.filter(category="exams").count() == 2
    assert "UTF-8" in act(browser, "calendar_replace", source.pk, content=SimpleUploadedFile("x", b"\xff\x00"))
    assert "Choose a file" in act(browser, "calendar_replace", source.pk)
    assert "Say why" in act(browser, "calendar_remove", source.pk, reason=" ")
    act(browser, "calendar_remove", source.pk, reason="a newer one")
    assert not AcademicEvent.objects.exists()
    assert not Freeze.objects.exists()


def test_faults_of_a_calendar_stand_beside_their_fields(cast: Mapping[str, Client]) -> None:
    browser = cast["approver"]
    assert "either an address, or an uploaded file" in act(browser, "calendar_add", title="None")
    assert "encrypted" in act(browser, "calendar_add", title="Plain", address="http://cal.example.org/a.ics")
    assert "no ISO 3166 code" in act(browser, "calendar_add", title="Far", country="XX")
    assert "line 1" in act(browser, "calendar_add", title="Text", content=file("hello"))
    assert not CalendarSource.objects.exists()


def test_a_keeper_reads_but_what_freezes_is_an_approvers(cast: Mapping[str, Client], now: datetime) -> None:
    source, event = believable_calendar.fill("North", now)
    CalendarSource.objects.update(read_at=now - timedelta(days=3))
    assert "Registrar&#x27;s calendar: It was read at" in act(cast["keeper"], "calendar_read", source.pk)
    for name, pk in (("calendar_remove", source.pk), ("event_remove", event.pk), ("event_correct", event.pk)):
        assert cast["keeper"].post(reverse(f"admin:{name}", args=[pk])).status_code == 403


def test_an_event_is_entered_for_days_or_for_hours_by_the_clock_there(cast: Mapping[str, Client]) -> None:
    days = {"title": "Exams", "category": "exams", "first": "2099-05-01", "last": "2099-05-02"}
    act(cast["approver"], "event_add", **days)
    whole = AcademicEvent.objects.get()
    assert (whole.starts_at, whole.ends_at) == (
        datetime(2099, 4, 30, 19, tzinfo=UTC),
        datetime(2099, 5, 2, 19, tzinfo=UTC),
    )
    assert whole.all_day
    assert Freeze.objects.get().event == whole
    act(cast["approver"], "event_add", **days, starts="08:00", ends="12:00")
    timed = AcademicEvent.objects.exclude(pk=whole.pk).get()
    assert timed.starts_at == datetime(2099, 5, 1, 3, tzinfo=UTC)
    assert "Give both times" in act(cast["approver"], "event_add", **days, starts="08:00")
    assert "It must come after" in act(cast["approver"], "event_add", **{**days, "last": "2099-04-01"})
    act(cast["approver"], "event_remove", whole.pk)
    assert AcademicEvent.objects.get() == timed


def test_an_event_by_hand_is_changed_from_what_it_is(cast: Mapping[str, Client], now: datetime) -> None:
    days = {"title": "Exams", "category": "exams", "first": "2099-05-01", "last": "2099-05-02"}
    act(cast["approver"], "event_add", **days)
    event = AcademicEvent.objects.get()
    page = cast["approver"].get(reverse("admin:event_change", args=[event.pk])).content.decode()
    assert 'value="2099-05-01"' in page
    assert 'value="2099-05-02"' in page
    act(cast["approver"], "event_change", event.pk, **{**days, "last": "2099-05-03"})
    assert Freeze.objects.get().ends_at == datetime(2099, 5, 3, 19, tzinfo=UTC)
    assert "It must come after" in act(
        cast["approver"], "event_change", event.pk, **{**days, "last": "2099-04-01"}
    )
    assert cast["keeper"].get(reverse("admin:event_change", args=[event.pk])).status_code == 403
    believable_calendar.fill("North", now)
    read = AcademicEvent.objects.exclude(source=None).first()
    assert read is not None
    assert cast["approver"].get(reverse("admin:event_change", args=[read.pk])).status_code == 404


def test_a_wrong_guess_is_corrected_and_its_freeze_follows(cast: Mapping[str, Client], now: datetime) -> None:
    believable_calendar.fill("North", now)
    house = AcademicEvent.objects.get(title="Open house")
    act(cast["approver"], "event_correct", house.pk, category="exams")
    assert Freeze.objects.get(event=house).kind == "hard"
    assert "one of" in act(cast["approver"], "event_correct", house.pk, category="party")


def test_a_rule_is_changed_and_reset(cast: Mapping[str, Client], now: datetime) -> None:
    believable_calendar.fill("North", now)
    given = {"category": "holiday", "kind": "soft", "hours_before": "12", "hours_after": "0"}
    assert "12 h before until 0 h after" in act(cast["approver"], "freeze_rule", **given)
    assert Freeze.objects.filter(event__category="holiday").exists()
    assert "from 0 to 744" in act(cast["approver"], "freeze_rule", **{**given, "hours_after": "soon"})
    act(cast["approver"], "freeze_rule", category="holiday", do="reset")
    assert not FreezeRule.objects.exists()
    assert not Freeze.objects.filter(event__category="holiday").exists()
    assert "no institution" in act(cast["approver"], "freeze_rule", **{**given, "institution": "Nowhere"})
