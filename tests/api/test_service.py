"""The REST API, asked as a program asks it."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from schoolkeeper.api import tokens
from schoolkeeper.controlroom.roles import ROLES
from schoolkeeper.engine.care import take_into_care
from schoolkeeper.estate.definition import parse
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.records import evidence
from schoolkeeper.records.models import LedgerEntry, Run, StepRecord
from tests.api.conftest import DEFINITION, Program

pytestmark = pytest.mark.django_db


def test_it_tells_what_is_in_care_and_what_can_be_done(keeper: Program) -> None:
    assert [one["slug"] for one in keeper("GET", "/systems")] == ["north-college"]
    drill = next(task for task in keeper("GET", "/tasks") if task["id"] == "backup.drill")
    assert drill["options"]["properties"]["set"]["type"] == "string"
    assert keeper("GET", "/systems/north-college/findings") == []
    assert keeper("GET", "/systems/nowhere/findings", status=422)["faults"]


def test_backup_sets_come_with_their_newest_proof(keeper: Program) -> None:
    run = Run.objects.create(
        system="north-college", task="backup.create", spec_version=1, requested_by="t", requested_at=timezone.now()
    )
    now = timezone.now()
    evidence.keep(run, [Evidence("backup-set", "one", True, "a set", {"rows": 5})], now)
    evidence.keep(run, [Evidence("proof", "one", True, "it restores", {})], now)
    (backup,) = keeper("GET", "/systems/north-college/backups")
    assert (backup["set"]["key"], backup["set"]["data"], backup["proof"]["holds"]) == ("one", {"rows": 5}, True)
    assert keeper("GET", "/systems/north-college/backups/one") == backup
    assert "no backup set" in keeper("GET", "/systems/north-college/backups/two", status=404)["detail"]


def test_sets_that_are_gone_are_told_apart_from_those_that_are_there(keeper: Program) -> None:
    """A program that picks the newest set to recover from must not pick one that is not there any more."""
    now = timezone.now()
    run = Run.objects.create(
        system="north-college", task="backup.prune", spec_version=1, requested_by="t", requested_at=now
    )
    for age_days, key in enumerate(("kept", "missing", "removed")):
        evidence.keep(run, [Evidence("backup-set", key, True, "a set", {})], now - timedelta(days=age_days))
    arguments = {"store": "backups", "set": "removed"}
    run.steps.create(
        position=1,
        key="remove:removed",
        says="Remove it",
        action={"verb": "remove", "arguments": arguments},
        state=StepRecord.State.DONE,
        ended_at=now,
    )
    evidence.keep(run, [Evidence("verification", "backups", False, "one is gone", {"gone": ["missing"]})], now)

    def told(address: str) -> list[tuple[str, bool, bool]]:
        answers = keeper("GET", address)
        return [(one["set"]["key"], one["missed"], one["removed_at"] is not None) for one in answers]

    there = [("kept", False, False), ("missing", True, False)]
    assert told("/systems/north-college/backups") == there
    assert told("/systems/north-college/backups?removed=true") == [*there, ("removed", False, True)]
    assert keeper("GET", "/systems/north-college/backups/removed")["removed_at"] is not None


def test_a_run_is_asked_for_and_shown(keeper: Program) -> None:
    body = {"task": "backup.drill", "options": {"proof_age_limit_days": 10}}
    run = keeper("POST", "/systems/north-college/runs", body, status=202)
    assert (run["state"], run["options"], run["requested_by"]) == (
        "queued",
        {"proof_age_limit_days": 10},
        "keeper-program",
    )
    assert keeper("GET", f"/runs/{run['id']}") == run
    assert keeper("GET", "/runs?system=north-college") == [run]


def test_recoveries_over_time_stand_beside_the_targets(keeper: Program) -> None:
    now = timezone.now()
    run = Run.objects.create(
        system="north-college", task="backup.drill", spec_version=1, requested_by="t", requested_at=now
    )
    evidence.keep(run, [Evidence("backup-set", "one", True, "a set", {})], now - timedelta(hours=30))
    phases = [{"name": "restore", "seconds": 60.0}]
    evidence.keep(run, [Evidence("proof", "one", True, "it restores", {"phases": phases})], now)
    told = keeper("GET", "/systems/north-college/recovery-trend?days=3")
    assert (told["rto_seconds"], told["rpo_seconds"], len(told["stretches"])) == (4 * 3600, 24 * 3600, 3)
    newest = told["stretches"][-1]
    assert (newest["restores"], newest["run"]) == (True, run.pk)
    assert newest["oldest_seconds"] > 29 * 3600
    assert told["stretches"][0]["oldest_seconds"] is None
    assert len(keeper("GET", "/systems/north-college/recovery-trend?days=30&weekly=true")["stretches"]) == 5
    keeper("GET", "/systems/north-college/recovery-trend?days=0", status=422)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"task": "backup.nothing"}, "backup.nothing"),
        ({"task": "backup.drill", "options": {"sett": "x"}}, "sett"),
        ({"task": "backup.drill", "options": {"proof_age_limit_days": "soon"}}, "proof_age_limit_days"),
    ],
)
def test_bad_input_is_told_with_every_fault_and_asks_for_nothing(keeper: Program, body: Any, says: str) -> None:
    answer = keeper("POST", "/systems/north-college/runs", body, status=422)
    assert says in json.dumps(answer)
    assert not Run.objects.exists()


def test_what_would_work_on_the_records_themselves_is_refused(
    keeper: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = connection.settings_dict
    at = f"{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    monkeypatch.setenv("OUR_DSN", f"postgresql://{at}")
    database = '[components.database]\nkind = "postgres"\ndsn = "env:OUR_DSN"'
    take_into_care(parse(f"{DEFINITION}\n{database}"), by="test")
    body = {"task": "recover.system", "options": {"confirm": "north-college"}}
    answer = keeper("POST", "/systems/north-college/runs", body, status=409)
    assert "schoolkeeper rescue recover.system" in answer["detail"]
    assert not Run.objects.exists()


WHY = {"reason": "because"}
TIMES = {"starts_at": "2099-01-11T00:00:00Z", "ends_at": "2099-01-23T18:00:00+05:00"}
SERIES = {"title": "Care", "rule": "FREQ=WEEKLY;BYDAY=SU", "at": "02:30", "zone": "UTC", "minutes": 90}
ASKS: list[tuple[str, str, Any, str]] = [
    ("GET", "/systems", None, "see"),
    ("GET", "/tasks", None, "see"),
    ("GET", "/systems/north-college/findings", None, "see"),
    ("GET", "/systems/north-college/backups", None, "see"),
    ("GET", "/systems/north-college/backups/one", None, "see"),
    ("GET", "/systems/north-college/recovery-trend", None, "see"),
    ("GET", "/systems/north-college/evidence/proof/one", None, "see"),
    ("POST", "/systems/north-college/runs", {"task": "backup.drill"}, "run"),
    ("GET", "/runs", None, "see"),
    ("GET", "/runs/1", None, "see"),
    ("POST", "/runs/1/decision", {"grant": True}, "approve"),
    ("GET", "/systems/north-college/programme", None, "see"),
    ("PATCH", "/systems/north-college/programme/health.host", {"owner": "x"}, "plan"),
    ("POST", "/systems/north-college/programme/health.host/pause", WHY, "plan"),
    ("POST", "/systems/north-college/programme/health.host/resume", None, "plan"),
    ("GET", "/systems/north-college/occurrences", None, "see"),
    ("GET", "/agenda", None, "see"),
    ("GET", "/occurrences/1", None, "see"),
    ("POST", "/occurrences/1/waive", WHY, "plan"),
    ("POST", "/occurrences/1/catch-up", None, "plan"),
    ("GET", "/limits", None, "see"),
    ("PUT", "/limits", {"scope": "host", "runs": 3}, "plan"),
    ("DELETE", "/limits?scope=host", None, "plan"),
    ("GET", "/freezes", None, "see"),
    ("POST", "/freezes", {"title": "Exams", **TIMES}, "freeze"),
    ("POST", "/freezes/1/lift", WHY, "freeze"),
    ("GET", "/overrides", None, "see"),
    ("POST", "/overrides", {"system": "north-college", **WHY}, "plan"),
    ("POST", "/overrides/1/grant", None, "freeze"),
    ("POST", "/overrides/1/end", WHY, "plan"),
    ("GET", "/windows", None, "see"),
    ("POST", "/windows", {"title": "Upgrade", **TIMES}, "plan"),
    ("POST", "/windows/1/cancel", WHY, "plan"),
    ("POST", "/windows/1/move", TIMES, "plan"),
    ("GET", "/window-series", None, "see"),
    ("POST", "/window-series", SERIES, "plan"),
    ("PATCH", "/window-series/1", {"minutes": 60}, "plan"),
    ("POST", "/window-series/1/end", WHY, "plan"),
    ("GET", "/systems/north-college/quietest", None, "see"),
    ("POST", "/systems/north-college/quietest", {"minutes": 60}, "plan"),
    ("GET", "/calendars", None, "see"),
    ("POST", "/calendars", {"title": "Holidays", "country": "UZ"}, "freeze"),
    ("POST", "/calendars/1/read", None, "plan"),
    ("POST", "/calendars/1/replace", {"content": "BEGIN:VCALENDAR"}, "freeze"),
    ("POST", "/calendars/1/remove", WHY, "freeze"),
    ("GET", "/events", None, "see"),
    ("POST", "/events", {"title": "Exams", "category": "exams", **TIMES}, "freeze"),
    ("PATCH", "/events/1", {"title": "Resits"}, "freeze"),
    ("POST", "/events/1/correct", {"category": "exams"}, "freeze"),
    ("POST", "/events/1/remove", None, "freeze"),
    ("GET", "/freeze-rules", None, "see"),
    ("PUT", "/freeze-rules", {"category": "term", "kind": "soft"}, "freeze"),
    ("GET", "/approvals", None, "see"),
    ("GET", "/delegations", None, "see"),
    ("POST", "/delegations", {"of": "somebody", "to": "other", **TIMES}, "auth.change_user"),
    ("POST", "/delegations/1/end", None, "see"),
    ("GET", "/feeds", None, "see"),
    ("POST", "/feeds", {"person": "somebody"}, "auth.change_user"),
    ("POST", "/feeds/1/revoke", None, "see"),
]


@pytest.mark.parametrize("role", ROLES)
def test_each_address_asks_for_its_permission(system: None, role: str) -> None:
    program = Program(role)
    for method, address, body, permission in ASKS:
        allowed = (permission if "." in permission else f"controlroom.{permission}") in ROLES[role]
        answer = program._client.generic(
            method,
            f"/api/v1{address}",
            json.dumps(body) if body else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {program.token}"},
        )
        assert (answer.status_code != 403) == allowed, (address, answer.content)


def test_every_address_is_in_the_list_above() -> None:
    described = Client().get("/api/v1/openapi.json").json()["paths"]
    there = {(method.upper(), path) for path, methods in described.items() for method in methods}
    asked = [
        next(
            (method, path) for path in described if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), f"/api/v1{bare}")
        )
        for method, bare in ((method, address.partition("?")[0]) for method, address, *_ in ASKS)
    ]
    assert sorted(there) == sorted(asked)


def test_every_address_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/api.md").read_text()
    described = Client().get("/api/v1/openapi.json").json()["paths"]
    for path, methods in described.items():
        bare = path.removeprefix("/api/v1").replace("{set_id}", "{set}")
        for method in methods:
            assert re.search(rf"`{method.upper()} {re.escape(bare)}`", page), (method, path)


def test_an_approval_is_not_for_whoever_asked(system: None) -> None:
    approver = Program("approver")
    run = approver("POST", "/systems/north-college/runs", {"task": "backup.drill"}, status=202)
    answer = approver("POST", f"/runs/{run['id']}/decision", {"grant": True}, status=409)
    assert "not waiting" in answer["detail"]
    for number in (10**30, 0, -1):
        approver("POST", f"/runs/{number}/decision", {"grant": True}, status=404)


def test_without_a_good_token_nothing_is_told(keeper: Program) -> None:
    for token in ("sk_wrong", "x", keeper.token[:-1]):
        keeper("GET", "/systems", status=401, token=token)
    assert Client().get("/api/v1/systems").status_code == 401


def test_a_token_ends_by_time_by_revoking_and_with_its_user(keeper: Program) -> None:
    now = timezone.now()
    assert tokens.user_of(keeper.token, now) == keeper.user
    assert tokens.user_of(keeper.token, now + timedelta(days=1, seconds=1)) is None
    keeper.user.is_active = False
    keeper.user.save()
    keeper("GET", "/systems", status=401)
    keeper.user.is_active = True
    keeper.user.save()
    tokens.revoke(keeper.user.api_tokens.get().pk, by="test", now=now)  # type: ignore[attr-defined]
    keeper("GET", "/systems", status=401)
    kinds = list(LedgerEntry.objects.filter(kind__startswith="token.").values_list("kind", flat=True))
    assert kinds == ["token.made", "token.revoked"]
    entries = json.dumps(list(LedgerEntry.objects.values_list("data", flat=True)))
    assert keeper.token not in entries
