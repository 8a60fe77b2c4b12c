"""Freezes, windows and overrides: made and ended by people, in the time of the place that they are about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.calendars import windows
from schoolkeeper.calendars.models import Freeze, Override, Window
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.person import at_the_keyboard
from schoolkeeper.records.models import LedgerEntry
from tests.controlroom import believable_programme
from tests.controlroom.test_actions import ledger_of
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db
TIMES = {"starts_at": "2099-05-01T08:00", "ends_at": "2099-05-02T08:00"}


def test_without_any_the_page_says_what_that_means(cast: Mapping[str, Client]) -> None:
    text = text_of(cast["viewer"], "windows")
    for said in ("No freeze is in force", "Until there is one, nothing waits for a window", "None waits"):
        assert said in text


@pytest.mark.parametrize(
    ("about", "kept", "utc"),
    [
        ("system:north-college", {"system": "north-college", "institution": ""}, 3),
        ("institution:North", {"system": "", "institution": "North"}, 3),
        ("", {"system": "", "institution": ""}, None),
    ],
)
def test_a_freeze_is_declared_by_the_clock_of_its_place(
    about: str, kept: dict[str, str], utc: int | None, cast: Mapping[str, Client], system: str
) -> None:
    SystemRecord.objects.update(institution="North")
    given = {"title": "Exams", "kind": "hard", "about": about, **TIMES}
    assert cast["approver"].post(reverse("admin:freeze_declare"), given).status_code == 302
    freeze = Freeze.objects.get()
    assert {"system": freeze.system, "institution": freeze.institution} == kept
    if utc is not None:
        assert freeze.starts_at == datetime(2099, 5, 1, utc, tzinfo=UTC)
    assert [(kind, of) for kind, of, _ in ledger_of("freeze.declared")] == [("approver", kept["system"])]
    assert "Exams" in text_of(cast["viewer"], "windows", system=system)


def test_all_faults_are_told_beside_their_fields(cast: Mapping[str, Client]) -> None:
    given = {"title": " ", "kind": "hard", "starts_at": "soon", "ends_at": "2020-01-01T08:00"}
    text = cast["approver"].post(reverse("admin:freeze_declare"), given).content.decode()
    assert "This field is required." in text
    assert "Give a day and a time." in text
    past = {"title": "x", "kind": "hard", "starts_at": "2020-01-02T08:00", "ends_at": "2020-01-01T08:00"}
    text = cast["approver"].post(reverse("admin:freeze_declare"), past).content.decode()
    assert "It must come after the beginning." in text
    assert "It is over already." in text
    assert not Freeze.objects.exists()


@pytest.mark.parametrize("wrong", ["0202-05-01T08:00", "0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
@pytest.mark.parametrize("page", ["freeze_declare", "window_plan"])
def test_a_mistyped_year_is_told(
    page: str, field: str, wrong: str, cast: Mapping[str, Client], system: str
) -> None:
    given = {"title": "x", "kind": "hard", "allows": "3", "about": f"system:{system}", **TIMES, field: wrong}
    answer = cast["approver"].post(reverse(f"admin:{page}"), given)
    assert "from the year 2000 to 2199" in answer.content.decode()
    assert not Freeze.objects.exists()
    assert not Window.objects.exists()


def test_a_freeze_is_lifted_with_a_reason(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    freeze, _ = believable_programme.times(now, system, "")
    address = reverse("admin:freeze_lift", args=[freeze.pk])
    assert b"Say why" in cast["approver"].post(address, {"reason": ""}, follow=True).content
    cast["approver"].post(address, {"reason": "all are enrolled"})
    freeze.refresh_from_db()
    assert (freeze.lifted_by, freeze.lift_reason) == ("approver", "all are enrolled")
    assert "approver: all are enrolled" in text_of(cast["viewer"], "windows")


def test_a_keeper_plans_and_cancels_a_window(cast: Mapping[str, Client], system: str) -> None:
    given = {"title": "Upgrade", "about": f"system:{system}", "allows": "3", "says": "Closed", **TIMES}
    assert cast["keeper"].post(reverse("admin:window_plan"), given).status_code == 302
    window = Window.objects.get()
    assert (window.allows, window.says, window.made_by) == (3, "Closed", "keeper")
    cast["keeper"].post(reverse("admin:window_cancel", args=[window.pk]), {"reason": "not ready"})
    assert "keeper: not ready" in text_of(cast["viewer"], "windows")
    assert [kind for kind, _, _ in ledger_of("window.cancelled")] == ["keeper"]


def test_a_window_that_has_begun_ends_now(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    hour = timedelta(hours=1)
    times = {"starts_at": now - hour, "ends_at": now + hour}
    window = windows.plan(title="Upgrade", system=system, by="keeper", now=now - hour, **times)
    windows.turn(now - hour)
    cast["keeper"].post(reverse("admin:window_cancel", args=[window.pk]), {"reason": "done early"})
    window.refresh_from_db()
    assert (window.cancelled_at, window.ends_at >= now) == (None, True)
    windows.turn(timezone.now())
    kinds = [row.kind for row in LedgerEntry.objects.filter(kind__startswith="window.").order_by("sequence")]
    assert kinds == ["window.planned", "window.opened", "window.shortened", "window.closed"]


def test_an_override_takes_two_people(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    given = {"system": system, "task": "database.analyze", "reason": "Nobody can sign in", "hours": "2"}
    assert cast["approver"].post(reverse("admin:override_ask"), given).status_code == 302
    override = Override.objects.get()
    assert override.expires_at - override.asked_at == timedelta(hours=2)
    text = text_of(cast["approver"], "windows")
    assert "You asked for it, so somebody else must grant it." in text
    address = reverse("admin:override_grant", args=[override.pk])
    assert address not in text
    answer = cast["approver"].post(address, follow=True)
    assert b"somebody other than the one who asked" in answer.content
    cast["administrator"].post(address)
    override.refresh_from_db()
    assert override.granted_by == "administrator"
    assert ledger_of("override.granted") == [("administrator", system, f"override {override.pk}")]


def test_who_asked_may_take_it_back_and_nobody_else_below_an_approver(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    believable_programme.people_at_work(system, now)
    override = Override.objects.get(reason="The disk of the server fails")
    Override.objects.filter(pk=override.pk).update(asked_by="administrator")
    address = reverse("admin:override_end", args=[override.pk])
    answer = cast["keeper"].post(address, {"reason": "no"}, follow=True)
    assert b"Only an approver" in answer.content
    Override.objects.filter(pk=override.pk).update(asked_by=at_the_keyboard("keeper"))
    cast["keeper"].post(address, {"reason": "it is mended"})
    override.refresh_from_db()
    assert (override.ended_by, override.end_reason) == ("keeper", "it is mended")


def test_bad_numbers_are_refused_in_words(cast: Mapping[str, Client], system: str) -> None:
    given = {"system": "elsewhere", "reason": "", "hours": "25"}
    text = cast["keeper"].post(reverse("admin:override_ask"), given).content.decode()
    for said in ("Select a valid choice", "This field is required.", "less than or equal to 24"):
        assert said in text
    assert not Override.objects.exists()
    for name in ("freeze_lift", "window_cancel", "override_grant"):
        answer = cast["administrator"].post(reverse(f"admin:{name}", args=[999]), {"reason": "x"}, follow=True)
        assert b"There is no" in answer.content
