"""What people do in the control room changes the records and stands in the ledger under their names."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.engine.models import Approval, Hold
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run, Silence
from tests.controlroom import believable
from tests.controlroom.browser import PASSWORD

pytestmark = pytest.mark.django_db


def ledger_of(kind: str) -> list[tuple[str, str, str]]:
    return list(LedgerEntry.objects.filter(kind=kind).values_list("actor", "system", "subject"))


def test_a_keeper_asks_for_a_run(cast: Mapping[str, Client], system: str) -> None:
    answer = cast["keeper"].post(reverse("admin:ask", args=[system, "database.analyze"]), {"changed_rows": "7"})
    run = Run.objects.get()
    assert answer["Location"] == reverse("admin:run", args=[run.pk])
    assert (run.state, run.requested_by, run.options) == ("queued", "keeper", {"changed_rows": 7})
    assert ledger_of("run.requested") == [("keeper", system, f"run {run.pk}")]


def test_bad_options_are_told_and_nothing_is_asked_for(cast: Mapping[str, Client], system: str) -> None:
    address = reverse("admin:ask", args=[system, "database.analyze"])
    assert cast["keeper"].post(address, {"changed_rows": "-1"}).status_code == 200
    # The form knows "at least 0" only; "more than 0" is the task's own rule.
    answer = cast["keeper"].post(address, {"changed_percent": "0"})
    assert b"greater than 0" in answer.content
    assert not Run.objects.exists()


@pytest.fixture
def finding(system: str, ended: Callable[..., int]) -> FindingRecord:
    ended("health.web", "wrong")
    found = FindingRecord.objects.filter(code="health.web.wrong_answer").first()
    assert found
    return found


def test_silencing_takes_a_reason_and_an_end(
    cast: Mapping[str, Client], finding: FindingRecord, now: datetime
) -> None:
    address = reverse("admin:silence", args=[finding.pk])
    day = (now + timedelta(days=3)).date().isoformat()
    for wrong in (
        {"reason": "known", "until": "2020-01-01"},
        {"reason": "  ", "until": day},
        {"reason": "known", "until": (now + timedelta(days=500)).date().isoformat()},
    ):
        assert cast["keeper"].post(address, wrong).status_code == 200
    assert not Silence.objects.exists()
    assert cast["keeper"].post(address, {"reason": "known", "until": day}).status_code == 302
    silence = Silence.objects.get()
    assert (silence.subject, silence.made_by, silence.reason) == (finding.subject, "keeper", "known")
    assert ledger_of("finding.silenced") == [("keeper", finding.system, finding.code)]
    assert open_findings().get(pk=finding.pk).silenced  # type: ignore[attr-defined]
    page = cast["viewer"].get(reverse("admin:system", args=[finding.system])).content.decode()
    assert "known" in page


def test_a_silence_of_every_subject_and_its_end(
    cast: Mapping[str, Client], finding: FindingRecord, now: datetime
) -> None:
    day = (now + timedelta(days=3)).date().isoformat()
    given = {"reason": "known", "until": day, "every_subject": "on"}
    cast["keeper"].post(reverse("admin:silence", args=[finding.pk]), given)
    silence = Silence.objects.get()
    assert silence.subject == ""
    for _ in range(2):  # the second time it has ended already
        cast["keeper"].post(reverse("admin:end_silence", args=[silence.pk]))
    silence.refresh_from_db()
    assert silence.until <= timezone.now()
    assert ledger_of("finding.silence_ended") == [("keeper", finding.system, finding.code)]


def test_a_hold_is_cleared_once_and_with_a_reason(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int], now: datetime
) -> None:
    hold = Hold.objects.create(system=system, run_id=ended("database.analyze", "stale"), since=now)
    address = reverse("admin:clear_hold", args=[hold.pk])
    page = cast["viewer"].get(reverse("admin:system", args=[system])).content.decode()
    assert "On hold" in page
    assert address not in page
    cast["approver"].post(address, {"reason": " "})
    assert Hold.objects.get().cleared_at is None
    for _ in range(2):
        cast["approver"].post(address, {"reason": "restored the index by hand"})
    hold.refresh_from_db()
    assert (hold.cleared_by, hold.reason) == ("approver", "restored the index by hand")
    assert ledger_of("hold.cleared") == [("approver", system, f"run {hold.run_id}")]


@pytest.mark.parametrize(("decision", "expected"), [("approve", "granted"), ("deny", "denied")])
def test_an_approver_decides_on_a_plan(
    decision: str, expected: str, cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable.waiting(system, now)
    page = cast["approver"].get(reverse("admin:run", args=[run.pk])).content.decode()
    assert "This plan waits for a person" in page
    assert "Refresh the statistics of public.grade." in page
    cast["approver"].post(reverse("admin:decide", args=[run.pk]), {"decision": decision, "reason": "as agreed"})
    approval = Approval.objects.get()
    assert (approval.decision, approval.decided_by, approval.reason) == (expected, "approver", "as agreed")
    assert ledger_of(f"approval.{expected}") == [("approver", system, f"run {run.pk}")]


def test_a_no_needs_a_reason(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    run = believable.waiting(system, now)
    cast["approver"].post(reverse("admin:decide", args=[run.pk]), {"decision": "deny"})
    assert Approval.objects.get().decision == ""


def test_deciding_on_what_does_not_wait_is_refused_in_words(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable.going_on(system, now)
    address = reverse("admin:decide", args=[run.pk])
    answer = cast["approver"].post(address, {"decision": "approve"}, follow=True)
    assert b"is not waiting for approval" in answer.content


def test_a_new_user_can_sign_in_with_the_role_that_was_given(
    cast: Mapping[str, Client], users: Mapping[str, User]
) -> None:
    given = {"username": "second-viewer", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    groups = [users["viewer"].groups.get().pk]
    answer = cast["administrator"].post(reverse("admin:auth_user_add"), {**given, "groups": groups})
    assert answer.status_code == 302
    assert ledger_of("user.added") == [("administrator", "", "second-viewer")]
    signed_in = Client().post(reverse("admin:login"), {"username": "second-viewer", "password": PASSWORD})
    assert signed_in["Location"] == reverse("admin:index")


def test_changes_to_users_stand_in_the_ledger(cast: Mapping[str, Client], users: Mapping[str, User]) -> None:
    viewer = users["viewer"]
    address = reverse("admin:auth_user_change", args=[viewer.pk])
    keeper_group = users["keeper"].groups.get().pk
    joined = viewer.date_joined
    given = {"username": "viewer", "is_active": "on", "groups": [keeper_group]}
    answer = cast["administrator"].post(
        address, {**given, "date_joined_0": joined.date(), "date_joined_1": "1:00"}
    )
    assert answer.status_code == 302
    assert ledger_of("user.changed") == [("administrator", "", "viewer")]
    assert LedgerEntry.objects.get(kind="user.changed").data == {"active": True, "roles": ["keeper"]}
    assert b"is_superuser" not in cast["administrator"].get(address).content
