"""Two people are two people: whatever door each comes by, and whoever stands in for whom."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.api import tokens
from schoolkeeper.engine.approvals import decide
from schoolkeeper.engine.delegations import delegate, end, stands_in_for
from schoolkeeper.engine.models import Worker
from schoolkeeper.engine.presence import alive, silent
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.person import same_person
from schoolkeeper.records.models import LedgerEntry, Run
from tests.engine.conftest import Carrier

TASK = "test.dangerous"
HOUR = timedelta(hours=1)


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


def asked_by(carrier: Carrier, person: str) -> Run:
    run = carrier.carry_out(carrier.ask(TASK, by=person))
    assert run.state == "waiting"
    return run


def away(of: str, to: str, now: datetime, begins: timedelta = -HOUR, lasts: timedelta = 2 * HOUR) -> int:
    begin = now + begins
    return delegate(of=of, to=to, starts_at=begin, ends_at=begin + lasts, by=of, now=now - 9 * HOUR).pk


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("amir", "amir", True),
        ("amir", "Amir ", True),
        ("amir", "AMIR (command line)", True),
        ("ａｍｉｒ", "amir", True),
        ("amir", "zarina", False),
        ("amir", "amir2", False),
        ("(command line)", "amir (command line)", False),
    ],
)
def test_who_is_who(one: str, other: str, *, same: bool) -> None:
    assert same_person(one, other) is same


@pytest.mark.parametrize("name", ["keeper", "Keeper", "KEEPER", "keeper (command line)", " keeper"])
def test_nobody_is_both_pairs_of_eyes(carrier: Carrier, now: datetime, shelf: Path, name: str) -> None:
    run = asked_by(carrier, "keeper")
    with pytest.raises(Refused, match="somebody other"):
        decide(run, by=name, grant=True, reason="", now=now)
    decide(run, by=name, grant=False, reason="I was wrong", now=now)  # one's own request may be taken back
    assert carrier.carry_out(run).outcome == "refused"
    assert list(shelf.iterdir()) == []


def test_nor_through_a_delegation(carrier: Carrier, now: datetime) -> None:
    run = asked_by(carrier, "keeper")
    away("head", "Keeper", now)  # the asker stands in for somebody
    with pytest.raises(Refused, match="somebody other"):
        decide(run, by="Keeper", instead_of="head", grant=True, reason="", now=now)
    away("keeper", "deputy", now)  # somebody stands in for the asker
    with pytest.raises(Refused, match="somebody other"):
        decide(run, by="deputy", instead_of="keeper", grant=True, reason="", now=now)
    with pytest.raises(Invalid, match="somebody else"):
        away("keeper", "KEEPER", now)


def test_nor_through_ones_own_api_token(carrier: Carrier, now: datetime, shelf: Path) -> None:
    users = {name: User.objects.create(username=name) for name in ("amir", "zarina")}
    for user in users.values():
        user.groups.set([Group.objects.get(name="approver")])
    token = {name: tokens.make(user, "test", HOUR, by="test", now=now) for name, user in users.items()}

    def post(name: str, address: str, body: object) -> int:
        answer = Client().post(
            f"/api/v1{address}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token[name]}"},
        )
        return answer.status_code

    assert post("amir", "/systems/test-college/runs", {"task": TASK, "options": {}}) == 202
    run = carrier.carry_out(Run.objects.get())
    decision = {"grant": True, "reason": ""}
    assert post("amir", f"/runs/{run.pk}/decision", decision) == 409
    page = Client()
    page.force_login(users["amir"])
    assert page.post(reverse("admin:decide", args=[run.pk]), {"decision": "approve"}).status_code == 302
    with pytest.raises(Refused):
        decide(run, by="amir (command line)", grant=True, reason="", now=now)
    assert Run.objects.get().state == "waiting"
    assert post("zarina", f"/runs/{run.pk}/decision", decision) == 200
    assert carrier.carry_out(run).outcome == "ok"


class TestDeputy:
    def test_decides_while_the_other_is_away(self, carrier: Carrier, now: datetime) -> None:
        run = asked_by(carrier, "keeper")
        away("head", "deputy", now)
        decide(run, by="deputy", instead_of="head", grant=True, reason="", now=now)
        assert carrier.carry_out(run).outcome == "ok"
        data = LedgerEntry.objects.get(kind="approval.granted").data
        assert data["instead_of"] == "head"

    @pytest.mark.parametrize("begins", [timedelta(minutes=1), -2 * HOUR])
    def test_not_before_and_not_after(self, carrier: Carrier, now: datetime, begins: timedelta) -> None:
        run = asked_by(carrier, "keeper")
        away("head", "deputy", now, begins)
        with pytest.raises(Refused, match="does not stand in"):
            decide(run, by="deputy", instead_of="head", grant=True, reason="", now=now)
        assert Run.objects.get(pk=run.pk).state == "waiting"

    def test_not_when_the_other_is_back_early(self, now: datetime) -> None:
        number = away("head", "deputy", now)
        assert stands_in_for("deputy", now) == ["head"]
        end(number, by="head", now=now)
        assert stands_in_for("deputy", now) == []

    def test_does_not_hand_it_on(self, carrier: Carrier, now: datetime) -> None:
        run = asked_by(carrier, "keeper")
        away("head", "deputy", now)
        away("deputy", "another", now)
        with pytest.raises(Refused, match="does not stand in"):
            decide(run, by="another", instead_of="head", grant=True, reason="", now=now)


def test_facts_that_changed_after_the_approval(carrier: Carrier, now: datetime, shelf: Path) -> None:
    run = asked_by(carrier, "keeper")
    decide(run, by="head", grant=True, reason="", now=now)
    (shelf / "0").touch()  # one thing less to do than was approved
    assert carrier.carry_out(run).says.startswith("The facts or the plan changed")
    assert [path.name for path in shelf.iterdir()] == ["0"]


def test_an_approval_that_expired_before_a_worker_came(carrier: Carrier, now: datetime, shelf: Path) -> None:
    run = asked_by(carrier, "keeper")
    decide(run, by="head", grant=True, reason="", now=now)
    with time_machine.travel(now + timedelta(hours=24, minutes=1)):
        ended = carrier.carry_out(run)
    assert (ended.outcome, ended.refused_by) == ("refused", "approval")
    assert list(shelf.iterdir()) == []


def test_a_heartbeat_from_before_the_clock_was_set_back(now: datetime) -> None:
    seconds = {"dead": 3600, "slow": -11, "there": -2, "a little ahead": 5}
    Worker.objects.bulk_create(
        Worker(id=name, host="h", pid=1, started_at=now, heartbeat_at=now + timedelta(seconds=age))
        for name, age in seconds.items()
    )
    with time_machine.travel(now, tick=False):
        assert [worker.pk for worker in alive()] == ["a little ahead", "there"]
        assert {worker.pk for worker in silent()} == {"dead", "slow"}
