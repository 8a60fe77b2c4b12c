"""The inbox of approvals, and deciding in somebody's stead."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from schoolkeeper.engine.delegations import delegate
from schoolkeeper.engine.models import Approval, Delegation
from schoolkeeper.records.models import Run
from tests.controlroom import believable
from tests.controlroom.test_actions import ledger_of
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db


def stand_in(of: str, to: str, now: datetime) -> Delegation:
    return delegate(
        of=of, to=to, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1), by=of, now=now
    )


def forward_only(system: str, now: datetime, by: str) -> Run:
    """A run that waits and that cannot be taken back."""
    run = believable.waiting(system, now, by=by)
    Run.objects.filter(pk=run.pk).update(task="recover.system")
    Approval.objects.update(task="recover.system")
    return run


def test_an_empty_inbox_says_so(cast: Mapping[str, Client]) -> None:
    text = text_of(cast["viewer"], "approvals")
    for said in ("Nothing waits for approval.", "Nobody is away.", "Nothing was decided", "an approver decides"):
        assert said in text


def test_it_says_what_changes_who_asked_and_whether_one_may_decide(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    believable.waiting(system, now)
    text = text_of(cast["approver"], "approvals")
    for said in (
        "3 steps, the first of them: Refresh the statistics of public.attendance.",
        "keeper asked",
        "expires",
    ):
        assert said in text
    assert "Read the plan and decide" in text
    assert "Read the plan and decide" not in text_of(cast["keeper"], "approvals")


def test_what_expired_or_was_decided_waits_no_more(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    believable.waiting(system, now - timedelta(hours=25))
    run = believable.waiting(system, now)
    cast["approver"].post(reverse("admin:decide", args=[run.pk]), {"decision": "approve", "reason": "as agreed"})
    text = text_of(cast["approver"], "approvals")
    assert "Nothing waits for approval." in text
    assert "as agreed" in text


def test_a_deputy_decides_in_the_others_stead(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    run = believable.waiting(system, now, by="programme")
    address = reverse("admin:decide", args=[run.pk])
    assert cast["keeper"].post(address, {"decision": "approve"}).status_code == 403
    stand_in("approver", "keeper", now)
    assert "You decide in approver&#x27;s stead" in text_of(cast["keeper"], "approvals").replace("'", "&#x27;")
    assert "You decide in approver's stead" in text_of(cast["keeper"], "run", run.pk)
    cast["keeper"].post(address, {"decision": "approve", "reason": "ok"})
    approval = Approval.objects.get()
    assert (approval.decision, approval.decided_by, approval.decided_for) == ("granted", "keeper", "approver")
    assert "keeper in approver's stead" in text_of(cast["viewer"], "approvals")
    assert ledger_of("approval.granted") == [("keeper", system, f"run {run.pk}")]


def test_who_has_the_role_decides_in_their_own_name(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable.waiting(system, now)
    stand_in("administrator", "approver", now)
    cast["approver"].post(reverse("admin:decide", args=[run.pk]), {"decision": "approve"})
    assert Approval.objects.get().decided_for == ""


def test_standing_in_for_somebody_without_the_role_gives_nothing(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable.waiting(system, now)
    stand_in("auditor", "viewer", now)
    assert cast["viewer"].post(reverse("admin:decide", args=[run.pk]), {"decision": "deny"}).status_code == 403


@pytest.mark.parametrize(
    ("asked_by", "by"), [("keeper", "keeper"), ("approver", "keeper"), ("approver", "approver")]
)
def test_four_eyes_stay_four_whoever_stands_in(
    asked_by: str, by: str, cast: Mapping[str, Client], system: str, now: datetime, recoveries: None
) -> None:
    run = forward_only(system, now, asked_by)
    stand_in("approver", "keeper", now)
    text = text_of(cast[by], "approvals")
    assert "You may only deny it." in text
    answer = cast[by].post(reverse("admin:decide", args=[run.pk]), {"decision": "approve"}, follow=True)
    assert b"somebody other than the one who asked" in answer.content
    assert Approval.objects.get().decision == ""


def test_a_deputy_of_two_stands_in_for_who_did_not_ask(
    cast: Mapping[str, Client], system: str, now: datetime, recoveries: None
) -> None:
    run = forward_only(system, now, "administrator")
    for away in ("administrator", "approver"):
        stand_in(away, "keeper", now)
    cast["keeper"].post(reverse("admin:decide", args=[run.pk]), {"decision": "approve"})
    assert Approval.objects.get().decided_for == "approver"


TIMES = {"starts_at": "2020-01-01T08:00", "ends_at": "2099-05-02T08:00"}


def test_an_approver_names_a_deputy_for_themselves_alone(cast: Mapping[str, Client]) -> None:
    address = reverse("admin:delegate")
    other = {"of": "administrator", "to": "keeper", **TIMES}
    assert cast["approver"].post(address, other).status_code == 200
    itself = cast["approver"].post(address, {"of": "approver", "to": "approver", **TIMES})
    assert b"Name somebody else." in itself.content
    assert not Delegation.objects.exists()
    cast["approver"].post(address, {"of": "approver", "to": "keeper", **TIMES})
    delegation = Delegation.objects.get()
    assert ledger_of("delegation.made") == [("approver", "", f"delegation {delegation.pk}")]
    end = reverse("admin:delegation_end", args=[delegation.pk])
    assert b"Only the two of them" in cast["viewer"].post(end, follow=True).content
    cast["approver"].post(end)
    delegation.refresh_from_db()
    assert delegation.ended_at
    assert b"There is no delegation" in cast["approver"].post(end, follow=True).content


def test_an_administrator_names_one_for_somebody_who_fell_ill(cast: Mapping[str, Client]) -> None:
    cast["administrator"].post(reverse("admin:delegate"), {"of": "approver", "to": "keeper", **TIMES})
    assert (Delegation.objects.get().of, Delegation.objects.get().made_by) == ("approver", "administrator")
