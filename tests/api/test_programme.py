"""The programme, freezes, windows and approvals, asked as a program asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from schoolkeeper.calendars.models import Freeze, Override
from schoolkeeper.engine.models import Approval, Delegation
from schoolkeeper.programme.entries import refresh
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.records.models import LedgerEntry, Run, StepRecord
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
NORTH = "/systems/north-college"
REVIEW = f"{NORTH}/programme/duty.policy_review"
TIMES = {"starts_at": "2099-01-11T00:00:00Z", "ends_at": "2099-01-23T18:00:00+05:00"}


@pytest.fixture
def planned(system: None) -> None:
    refresh("north-college", timezone.now())


def days(count: float) -> str:
    return (timezone.now() + timedelta(days=count)).isoformat()


def test_an_entry_is_shown_changed_paused_and_resumed(keeper: Program, planned: None) -> None:
    tasks = {entry["task"] for entry in keeper("GET", f"{NORTH}/programme")}
    assert tasks >= {"duty.policy_review", "duty.findings_review"}
    body = {"rule": "FREQ=WEEKLY;BYDAY=MO", "at": "08:15", "owner": "m.karimova"}
    changed = keeper("PATCH", REVIEW, body)
    assert (changed["rule"], changed["at"], changed["changed"]) == (
        body["rule"],
        "08:15:00",
        ["at", "owner", "rule"],
    )
    usual = keeper("PATCH", REVIEW, {"rule": None, "at": None})
    assert (usual["changed"], usual["owner"]) == (["owner"], "m.karimova")
    assert keeper("POST", f"{REVIEW}/pause", {"reason": "on leave"})["paused_by"] == "keeper-program"
    assert keeper("POST", f"{REVIEW}/resume")["paused"] is False
    keeper("POST", f"{REVIEW}/pause", {"reason": " "}, status=409)
    kinds = LedgerEntry.objects.filter(kind__startswith="programme.").values_list("kind", "actor")
    assert set(kinds) == {
        ("programme.changed", "keeper-program"),
        ("programme.paused", "keeper-program"),
        ("programme.resumed", "keeper-program"),
    }


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"rule": "FREQ=NEVER", "zone": "Mars/Base", "priority": 101}, ["rule:", "zone:", "priority:"]),
        ({"at": "08:15:00+05:00"}, ["at:"]),
        ({"catch_up": "maybe"}, ["catch_up:"]),
        ({"options": {"a": 1}}, ["options:"]),
        ({"zone": "x" * 200, "owner": "x" * 151}, ["zone:", "owner:"]),
        ({"late_after_minutes": 10**12}, ["late_after_minutes:"]),
    ],
)
def test_all_faults_of_an_entry_are_told_at_once(
    keeper: Program, planned: None, body: Any, says: list[str]
) -> None:
    faults = keeper("PATCH", REVIEW, body, status=422)["faults"]
    assert [fault for fault in says if not any(one.startswith(fault) for one in faults)] == []
    assert not Entry.objects.exclude(changed=[]).exists()


def test_occurrences_between_two_times(keeper: Program, planned: None) -> None:
    week = keeper("GET", f"{NORTH}/occurrences")
    year = keeper("GET", f"{NORTH}/occurrences?until={days(365).replace('+', '%2B')}")
    assert len(year) > 40 * max(len(week), 1) / 8
    assert keeper("GET", f"/occurrences/{year[0]['id']}") == year[0]
    for wrong in (
        "?since=tomorrow",
        "?since=2027-01-01T00:00:00",
        "?until=2020-01-01T00:00:00Z",
        "?until=2999-01-01Z",
    ):
        assert keeper("GET", f"{NORTH}/occurrences{wrong}", status=422)["faults"]
    keeper("GET", f"/occurrences/{10**30}", status=404)


def test_one_is_waived_and_a_missed_one_caught_up(keeper: Program, planned: None) -> None:
    one, other = Occurrence.objects.order_by("due_at")[:2]
    waived = keeper("POST", f"/occurrences/{one.pk}/waive", {"reason": "done on paper"})
    assert (waived["state"], waived["waived_by"], waived["says"]) == ("waived", "keeper-program", "done on paper")
    keeper("POST", f"/occurrences/{one.pk}/waive", {"reason": "again"}, status=409)
    Occurrence.objects.filter(pk=other.pk).update(
        state="missed", says="x", reason="nobody", ended_at=timezone.now()
    )
    assert [item["id"] for item in keeper("GET", "/agenda")["missed"]] == [other.pk]
    made = keeper("POST", f"/occurrences/{other.pk}/catch-up")
    assert (made["state"], made["cause"]) == ("due", "catching up")
    assert keeper("GET", "/agenda")["missed"] == []
    keeper("POST", f"/occurrences/{other.pk}/catch-up", status=409)


def test_limits_are_set_and_taken_back(keeper: Program) -> None:
    usual = keeper("GET", "/limits")
    assert keeper("PUT", "/limits", {"scope": "host", "name": "web1", "runs": 2})["made_by"] == "keeper-program"
    assert len(keeper("GET", "/limits")) == len(usual) + 1
    assert keeper("DELETE", "/limits?scope=host&name=web1") == usual
    keeper("DELETE", "/limits?scope=host&name=web1", status=422)
    for runs in (0, -1, 10**12):
        assert keeper("PUT", "/limits", {"scope": "host", "runs": runs}, status=422)["faults"]


def test_a_freeze_is_declared_and_lifted(approver: Program) -> None:
    made = approver("POST", "/freezes", {"title": "Exams", "kind": "soft", **TIMES}, status=201)
    assert made["ends_at"] == "2099-01-23T13:00:00Z"
    assert approver("GET", "/freezes?system=north-college") == [made]
    lifted = approver("POST", f"/freezes/{made['id']}/lift", {"reason": "over early"})
    assert lifted["lifted_by"] == "approver-program"
    assert approver("GET", "/freezes") == []
    assert approver("GET", "/freezes?over=true") == [lifted]
    approver("POST", f"/freezes/{made['id']}/lift", {"reason": "again"}, status=409)
    approver("POST", "/freezes/999/lift", {"reason": "x"}, status=404)


def test_what_is_wrong_with_a_freeze_is_told_at_once(approver: Program) -> None:
    swapped = {"starts_at": TIMES["ends_at"], "ends_at": TIMES["starts_at"]}
    body = {"title": " ", "institution": "Nowhere", "system": "nothing", **swapped}
    faults = approver("POST", "/freezes", body, status=422)["faults"]
    assert {fault.split(":")[0] for fault in faults} == {"title", "ends_at", "system", "institution"}
    for start in (
        *("2027-01-11T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
        *("soon", "2027-02-30T00:00:00Z", "", None, 10**17),
    ):
        approver("POST", "/freezes", {"title": "Exams", **TIMES, "starts_at": start}, status=422)
    assert not Freeze.objects.exists()


def test_an_override_takes_two_people(keeper: Program, approver: Program) -> None:
    body = {"system": "north-college", "task": "storage.cleanup", "reason": "the disk is full", "hours": 2}
    own = approver("POST", "/overrides", body, status=201)
    assert "two people" in approver("POST", f"/overrides/{own['id']}/grant", status=409)["detail"]
    keeper("POST", f"/overrides/{own['id']}/end", {"reason": "not now"}, status=403)
    asked = keeper("POST", "/overrides", body, status=201)
    keeper("POST", f"/overrides/{asked['id']}/grant", status=403)
    assert approver("POST", f"/overrides/{asked['id']}/grant")["granted_by"] == "approver-program"
    assert keeper("POST", f"/overrides/{asked['id']}/end", {"reason": "done"})["ended_by"] == "keeper-program"
    assert [one["id"] for one in keeper("GET", "/overrides")] == [own["id"]]
    for wrong in ({"hours": 25}, {"hours": 0}, {"system": "nowhere"}, {"task": "nothing"}):
        keeper("POST", "/overrides", body | wrong, status=422)
    keeper("POST", "/overrides", body | {"reason": " "}, status=409)
    assert Override.objects.count() == 2


def test_a_window_is_planned_and_cancelled(keeper: Program) -> None:
    body = {"title": "Upgrade", "system": "north-college", "allows": "destructive", "says": "Away.", **TIMES}
    made = keeper("POST", "/windows", body, status=201)
    assert (made["state"], made["allows"]) == ("planned", "destructive")
    assert keeper("GET", "/windows?system=north-college") == [made]
    assert keeper("POST", f"/windows/{made['id']}/cancel", {"reason": "not ready"})["state"] == "cancelled"
    assert keeper("GET", "/windows") == []
    assert keeper("POST", "/windows", body | {"allows": "all"}, status=422)["faults"]


@pytest.fixture
def waiting(system: None) -> Run:
    now = timezone.now()
    run = Run.objects.create(
        system="north-college",
        task="recover.files",
        spec_version=1,
        requested_by="somebody",
        requested_at=now,
        state="waiting",
    )
    StepRecord.objects.create(run=run, position=1, key="a", says="Bring a.txt back.", action={}, inverse={})
    Approval.objects.create(
        run=run, task=run.task, spec_version=1, requested_at=now, expires_at=now + timedelta(hours=24)
    )
    return run


def test_a_deputy_decides_with_the_permission_of_who_is_away(
    keeper: Program, approver: Program, waiting: Run
) -> None:
    (row,) = keeper("GET", "/approvals")
    assert (row["run"], row["steps"][0]["says"]) == (waiting.pk, "Bring a.txt back.")
    decision = {"grant": True, "instead_of": "approver-program"}
    keeper("POST", f"/runs/{waiting.pk}/decision", {"grant": True}, status=403)
    keeper("POST", f"/runs/{waiting.pk}/decision", decision, status=409)
    keeper("POST", f"/runs/{waiting.pk}/decision", decision | {"instead_of": "keeper-program"}, status=403)
    body = {"of": "approver-program", "to": "keeper-program", "starts_at": days(-1), "ends_at": days(7)}
    keeper("POST", "/delegations", body, status=403)
    made = approver("POST", "/delegations", body, status=201)
    assert keeper("POST", f"/runs/{waiting.pk}/decision", decision)["state"] == "queued"
    approval = Approval.objects.get(run=waiting)
    assert (approval.decided_by, approval.decided_for) == ("keeper-program", "approver-program")
    Program("viewer")("POST", f"/delegations/{made['id']}/end", status=403)
    assert approver("POST", f"/delegations/{made['id']}/end")["ended_at"]
    assert keeper("GET", "/delegations") == []


def test_an_administrator_delegates_for_who_is_away_already(system: None) -> None:
    administrator = Program("administrator")
    body = {"of": "m.karimova", "to": "r.aliyev", "starts_at": days(0), "ends_at": days(7), "reason": "ill"}
    assert administrator("POST", "/delegations", body, status=201)["made_by"] == "administrator-program"
    faults = administrator("POST", "/delegations", body | {"to": "m.karimova", "ends_at": days(-1)}, status=422)
    assert len(faults["faults"]) == 2
    assert Delegation.objects.count() == 1
