"""Who may open what: every page and every action, for every role, for an account without one, and for nobody."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from schoolkeeper.calendars import freezes, overrides, windows
from schoolkeeper.calendars.academic import events
from schoolkeeper.controlroom.page import Kind, Page
from schoolkeeper.controlroom.pages import PAGES
from schoolkeeper.controlroom.roles import ROLES
from schoolkeeper.engine.delegations import delegate
from schoolkeeper.engine.models import Hold
from schoolkeeper.records.models import EvidenceRecord, FindingRecord, Silence
from tests.controlroom import believable, believable_backups, believable_calendar, believable_programme
from tests.controlroom.believable_programme import attach, begin, newest_ahead
from tests.controlroom.browser import PASSWORD

pytestmark = pytest.mark.django_db
BY_NAME = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.fixture
def addresses(system: str, now: datetime, recoveries: None) -> Mapping[str, str]:
    """An existing address for each page, by name."""
    key = believable_backups.take(system, now)
    believable_backups.prove(system, key, now, now)
    proof = EvidenceRecord.objects.get(kind="proof")
    believable.ended(system, believable.Told("health.web", "wrong"), now)
    run = believable.waiting(system, now)
    hold = Hold.objects.create(system=system, run=run, since=now)
    finding = FindingRecord.objects.first()
    assert finding
    silence = Silence.objects.create(
        system=system, code="x.y", reason="known", until=now + timedelta(days=1), made_by="keeper", made_at=now
    )
    begin(system, now)
    duty = newest_ahead(system)
    by = {"by": "approver", "now": now}
    later = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=2)}
    override = overrides.ask(system=system, reason="It burns", by="keeper", now=now)
    source, event = believable_calendar.fill("North College", now)
    dates = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    by_hand = events.add(institution="", title="Open day", category="other", **dates, **by)
    places = {
        **{name: [source.pk] for name in ("calendar_read", "calendar_replace", "calendar_remove")},
        **{name: [event.pk] for name in ("event_correct", "event_remove")},
        "event_change": [by_hand.pk],
        "system_programme": [system],
        **{name: [system, "database.analyze"] for name in ("entry", "entry_pause", "entry_resume")},
        **{page.name: [duty.pk] for page in PAGES if page.name.startswith("occurrence")},
        "attachment": [attach(duty, now).pk],
        "freeze_lift": [freezes.declare(kind="hard", title="Exams", **later, **by).pk],
        "window_cancel": [windows.plan(title="Maintenance", **later, **by).pk],
        "override_grant": [override.pk],
        "override_end": [override.pk],
        "delegation_end": [delegate(of="approver", to="viewer", **later, **by).pk],
        "system": [system],
        "ask": [system, "database.analyze"],
        "silence": [finding.pk],
        "end_silence": [silence.pk],
        "run": [run.pk],
        "run_live": [run.pk],
        "decide": [run.pk],
        "clear_hold": [hold.pk],
        "task": ["database.analyze"],
        "window_move": [windows.plan(title="Maintenance", **later, **by).pk],
        **{name: [believable_programme.repeat(system, now).pk] for name in ("series_change", "series_end")},
        "quietest": [system],
        "quietest_choose": [system],
        "system_backups": [system],
        "recovery_trend": [system],
        "backup_set": [system, key],
        "proof_pdf": [proof.pk],
        "signed_evidence": [proof.pk],
        "recover_choose": [system, "recover.rows"],
        "recover_ask": [system, "recover.rows"],
    }
    found = {page.name: reverse(f"admin:{page.name}", args=places.get(page.name)) for page in PAGES}
    return {**found, "recover_ask": f"{found['recover_ask']}?set={key}"}


def call(browser: Client, page: Page, address: str) -> int:
    return (browser.post if page.kind is Kind.ACTION else browser.get)(address).status_code


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is done within is taken back, so that the next role finds everything as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@BY_NAME
def test_who_has_no_role_is_led_to_the_sign_in_page(
    page: Page, cast: Mapping[str, Client], addresses: Mapping[str, str]
) -> None:
    answer = cast["nobody"].get(addresses[page.name])
    if page.kind is Kind.FRAGMENT:
        assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:login"))
    assert call(cast["stranger"], page, addresses[page.name]) in (302, 401)


@BY_NAME
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    page: Page, cast: Mapping[str, Client], addresses: Mapping[str, str]
) -> None:
    for role in ROLES:
        with rolled_back():
            status = call(cast[role], page, addresses[page.name])
        expected = (200, 302) if page.permission in ROLES[role] else (403,)
        assert status in expected, f"{role}: {status}"


@BY_NAME
def test_actions_are_for_post_with_a_token_alone(
    page: Page, users: Mapping[str, object], addresses: Mapping[str, str]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.login(username="administrator", password=PASSWORD)
    assert strict.post(addresses[page.name]).status_code == 403
    if page.kind is Kind.ACTION:
        assert strict.get(addresses[page.name]).status_code == 405


@pytest.mark.parametrize("role", ROLES)
def test_users_are_for_administrators(role: str, cast: Mapping[str, Client]) -> None:
    expected = 200 if role == "administrator" else 403
    for address in ("admin:auth_user_changelist", "admin:auth_user_add", "admin:auth_group_changelist"):
        assert cast[role].get(reverse(address)).status_code == expected


@pytest.mark.parametrize("role", ROLES)
def test_the_sidebar_shows_what_one_may_open(role: str, cast: Mapping[str, Client]) -> None:
    text = cast[role].get(reverse("admin:index")).content.decode()
    for page in PAGES:
        if page.icon and page.name != "index":
            assert (f'href="{reverse(f"admin:{page.name}")}" class="flex h-[38px]' in text) == (
                page.permission in ROLES[role]
            ), page.name


def test_signing_in_needs_a_role(cast: Mapping[str, Client]) -> None:
    for name, landed in (("viewer", 302), ("stranger", 200)):
        answer = Client().post(reverse("admin:login"), {"username": name, "password": PASSWORD})
        assert answer.status_code == landed
    assert b"has no role" in answer.content


def test_every_page_that_is_not_found_says_so_in_words(cast: Mapping[str, Client]) -> None:
    for address in ("/systems/none/", "/runs/999999/", "/tasks/no.such/", "/nowhere/"):
        answer = cast["viewer"].get(address)
        assert answer.status_code == 404, address
        assert b"no such page" in answer.content
