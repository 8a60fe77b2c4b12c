"""status, findings, silence, ledger, users, and decisions on runs."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone

from schoolkeeper.controlroom.queries.tasks import watching
from schoolkeeper.engine.request import request
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.ledger.__main__ import main as offline_verifier
from schoolkeeper.records import findings
from schoolkeeper.records.models import LedgerEntry, Run, Silence
from tests.cli.conftest import Cli

CODE = "database.analyze.stale"
NEXT_WEEK = f"{timezone.now() + timedelta(days=7):%Y-%m-%d}"


@pytest.fixture
def seen(in_care: Callable[[], None]) -> Callable[..., None]:
    """Records what a run saw, of a system that everything has looked at."""
    in_care()
    for spec in watching():
        looked = request(spec.id, "north-college", by="test")
        Run.objects.filter(pk=looked.pk).update(state=Run.State.ENDED, outcome="ok", ended_at=timezone.now())

    def observe(*levels: Level) -> None:
        run = request("database.analyze", "north-college", by="test")
        run.state, run.ended_at = Run.State.ENDED, timezone.now()
        run.save()
        found = [
            Finding(code=CODE, level=level, says=f"It is {level.name}.", subject=level.name.lower())
            for level in levels
        ]
        findings.observe(run, [CODE], found, timezone.now())

    return observe


@pytest.mark.parametrize(
    ("levels", "level", "code"),
    [
        ((), "ok", 0),
        ((Level.WARNING,), "warning", 0),
        ((Level.WARNING, Level.ERROR), "error", 1),
        ((Level.UNKNOWN, Level.WARNING), "unknown", 3),
        ((Level.UNKNOWN, Level.ERROR), "error", 1),
    ],
)
def test_the_exit_code_tells_how_things_are(
    cli: Cli, seen: Callable[..., None], levels: tuple[Level, ...], level: str, code: int
) -> None:
    seen(*levels)
    (system,) = cli.json("status", code=code)["systems"]
    assert system["slug"] == "north-college"
    assert system["level"] == level
    assert cli("findings").exit_code == code


def test_a_system_nobody_has_looked_at_is_unknown(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    status = cli.json("status", code=3)
    assert status["systems"][0]["level"] == "unknown"
    assert status["systems"][0]["why"] == "Nobody has looked yet."
    assert status["workers"] == []
    assert "No worker is at work" in cli("status").stdout


def test_findings_are_filtered_and_worst_first(cli: Cli, seen: Callable[..., None]) -> None:
    seen(Level.INFO, Level.WARNING, Level.ERROR)
    assert [line["level"] for line in cli.json("findings", code=1)] == ["error", "warning"]
    assert [line["level"] for line in cli.json("findings", "--all", code=1)] == ["error", "warning", "info"]
    assert [line["level"] for line in cli.json("findings", "--level", "error", code=1)] == ["error"]
    assert cli("findings", "--level", "bad").exit_code == 2
    assert cli("findings", "--system", "south").exit_code == 2
    line = cli.json("findings", code=1)[0]
    assert {
        "system",
        "level",
        "code",
        "subject",
        "says",
        "hint",
        "first_seen",
        "last_seen",
        "silenced",
    } <= line.keys()


def test_what_is_silenced_does_not_count_until_the_day(cli: Cli, seen: Callable[..., None]) -> None:
    seen(Level.ERROR)
    silence = ("silence", CODE, "north-college", "--until", NEXT_WEEK)
    assert cli(*silence, "--reason", " ").exit_code == 1
    assert cli(*silence[:-1], "2020-01-01", "--reason", "known").exit_code == 1
    assert cli("silence", "no.such", *silence[2:], "--reason", "known").exit_code == 2
    assert cli(*silence, "--reason", "known").exit_code == 0
    assert cli.json("findings") == []
    assert cli.json("findings", "--all")[0]["silenced"] is True
    assert cli("status").exit_code == 0
    assert Silence.objects.get().reason == "known"


def test_the_ledger_is_exported_and_verified(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    file = cli.folder / "ledger.jsonl"
    assert "1 entries" in cli("ledger", "export", file).stdout
    assert cli.json("ledger", "verify")["head"]["status"] == "signed"
    assert cli.json("ledger", "verify", file)["ok"] is True
    assert offline_verifier(["verify", str(file)]) == 0
    key = cli.folder / "home/keys/ledger.pub"
    assert cli.json("ledger", "verify", file, "--public-key", key)["head"]["status"] == "signed"


def test_a_tampered_export_is_found(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    file = cli.folder / "ledger.jsonl"
    cli("ledger", "export", file)
    file.write_text(file.read_text().replace("North College ERP", "South College ERP"))
    report = cli.json("ledger", "verify", file, code=1)
    assert "edited" in {fault["code"] for fault in report["faults"]}
    assert cli("ledger", "verify", cli.folder / "none").exit_code == 3


def test_a_head_kept_elsewhere_finds_a_cut_ledger(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    longer, shorter = cli.folder / "longer.jsonl", cli.folder / "shorter.jsonl"
    cli("ledger", "export", shorter)
    request("database.analyze", "north-college", by="test")
    cli("ledger", "export", longer)
    assert cli.json("ledger", "verify", longer, "--anchor", shorter)["anchors_met"] == 1
    report = cli.json("ledger", "verify", shorter, "--anchor", longer, code=1)
    assert [fault["code"] for fault in report["faults"]] == ["anchor_missing"]


def test_a_user_is_made_with_a_password_from_a_file(cli: Cli) -> None:
    password = "a long password 7"
    create = ("users", "create", "m.karimova", "--role", "approver", "--password-file")
    assert cli(*create, cli.file("password", f"{password}\n")).exit_code == 0
    user = authenticate(username="m.karimova", password=password)
    assert user is not None
    assert user.has_perm("controlroom.approve")
    assert not user.has_perm("controlroom.audit")
    assert LedgerEntry.objects.get(kind="user.created").subject == "m.karimova"
    assert password not in str(LedgerEntry.objects.values_list("data", flat=True))


def test_a_password_is_asked_for_twice(cli: Cli) -> None:
    answers = "a long password 7\na long password 7\n"
    assert cli("users", "create", "viewer7", "--role", "viewer", input=answers).exit_code == 0
    assert authenticate(username="viewer7", password="a long password 7") is not None


def test_all_faults_of_a_user_are_listed(cli: Cli) -> None:
    file = cli.file("password", "short\n")
    result = cli("users", "create", "x", "--role", "king", "--password-file", file)
    assert result.exit_code == 2
    assert "'king'" in result.stderr
    assert "too short" in result.stderr
    assert cli("users", "create", "x", "--role", "viewer", "--password-file", cli.file("empty", "")).exit_code == 2
    assert cli("users", "create", "x", "--role", "viewer", "--password-file", Path("/none")).exit_code == 3


def test_what_does_not_wait_cannot_be_decided(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    run = request("database.analyze", "north-college", by="test")
    assert cli("approve", run.pk).exit_code == 1
    assert cli("deny", run.pk, "--reason", "no").exit_code == 1
    assert cli("deny", 999, "--reason", "no").exit_code == 2


def test_without_a_worker_nothing_is_queued(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    for command in (("run", "database.analyze", "north-college"), ("programme", "daily", "north-college")):
        result = cli(*command)
        assert result.exit_code == 3
        assert "schoolkeeper serve" in result.stderr
    assert not Run.objects.exists()
