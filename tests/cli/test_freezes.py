"""freeze, window, approvals: what binds the time of changes, and who decides."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from schoolkeeper.calendars.models import Freeze, Override, Window
from schoolkeeper.cli import writing
from schoolkeeper.engine.delegations import stands_in_for
from schoolkeeper.engine.models import Approval
from schoolkeeper.records.models import Run, StepRecord
from tests.cli.conftest import Cli
from tests.cli.test_programme import refused
from tests.programme.school import take

DAY = f"{timezone.now() + timedelta(days=30):%Y-%m-%d}"
NEXT = f"{timezone.now() + timedelta(days=32):%Y-%m-%d}"


@pytest.fixture
def north(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")
    take(zone="Asia/Tashkent", institution="North")
    take("south-college", zone="Europe/Berlin", institution="South")
    return cli


def test_a_freeze_is_declared_by_the_clock_of_its_systems_and_lifted(north: Cli) -> None:
    made = north.json(
        "freeze", "declare", "Exams", "--from", f"{DAY} 08:00", "--to", NEXT, "--institution", "North"
    )
    assert datetime.fromisoformat(made["starts_at"]) == datetime.fromisoformat(f"{DAY} 03:00").replace(tzinfo=UTC)
    assert (made["kind"], made["about"], made["in_force"]) == ("hard", "North", False)
    assert [one["id"] for one in north.json("freeze", "list", "--system", "north-college")["freezes"]] == [
        made["id"]
    ]
    assert north.json("freeze", "list", "--system", "south-college")["freezes"] == []
    assert f"{DAY} 08:00 +05" in north("freeze", "list").stdout
    refused(north, "freeze", "lift", made["id"], "--reason", " ", code=1)
    assert north("freeze", "lift", made["id"], "--reason", "over early").exit_code == 0
    assert north.json("freeze", "list")["freezes"] == []
    assert north.json("freeze", "list", "--all")["freezes"][0]["lift_reason"] == "over early"


def test_what_is_wrong_with_a_freeze_is_told_at_once(north: Cli) -> None:
    said = refused(north, "freeze", "declare", "x", "--from", "soon", "--to", "31.12.", "--zone", "Mars")
    assert all(name in said for name in ("--from", "--to", "--zone"))
    assert "several clocks" in refused(north, "freeze", "declare", "x", "--from", DAY, "--to", NEXT)
    options = ("--from", NEXT, "--to", DAY, "--kind", "warm", "--institution", "Nroth", "--zone", "UTC")
    said = refused(north, "freeze", "declare", " ", *options)
    assert all(name in said for name in ("kind:", "title:", "ends_at:", "institution:"))
    assert not Freeze.objects.exists()


@pytest.mark.parametrize("command", [("freeze", "declare"), ("window", "plan")])
def test_a_name_that_nothing_has_is_told_before_its_clock(command: tuple[str, str], north: Cli) -> None:
    said = refused(north, *command, "x", "--from", DAY, "--to", NEXT, "--institution", "Nroth")
    assert "known are: North, South" in said
    assert "clock" not in said


def test_an_override_takes_two_people(north: Cli) -> None:
    asked = north.json(
        *(
            "freeze",
            "override",
            "north-college",
            "--reason",
            "disk full",
            "--task",
            "storage.cleanup",
            "--hours",
            2,
        )
    )
    assert (asked["state"], asked["task"]) == ("asked", "storage.cleanup")
    assert "two people" in refused(north, "freeze", "grant", asked["id"], code=1)
    Override.objects.update(asked_by="somebody-else")
    assert "may change north-college" in north("freeze", "grant", asked["id"]).stdout
    assert north.json("freeze", "list")["overrides"][0]["state"] == "granted"
    assert "storage.cleanup" in north("freeze", "list").stdout
    assert north("freeze", "end", asked["id"], "--reason", "it is done").exit_code == 0
    assert north.json("freeze", "list")["overrides"] == []
    refused(north, "freeze", "override", "nowhere", "--reason", "x")
    refused(north, "freeze", "override", "north-college", "--reason", "x", "--task", "nothing")
    refused(north, "freeze", "override", "north-college", "--reason", " ", code=1)


def test_a_window_is_planned_and_cancelled(north: Cli) -> None:
    made = north.json(
        *("window", "plan", "Upgrade", "--from", f"{DAY}T20:00+05:00", "--to", f"{DAY}T23:00+05:00"),
        *("--system", "north-college", "--allows", "destructive", "--says", "The ERP is away for a while."),
    )
    assert (made["state"], made["allows"], made["about"]) == ("planned", "destructive", "north-college")
    assert Window.objects.get().ends_at - Window.objects.get().starts_at == timedelta(hours=3)
    assert "Upgrade" in north("window", "list", "--system", "north-college").stdout
    refused(north, "window", "cancel", made["id"], "--reason", " ", code=1)
    assert north("window", "cancel", made["id"], "--reason", "not ready").exit_code == 0
    assert north.json("window", "list") == []
    assert north.json("window", "list", "--all")[0]["state"] == "cancelled"
    said = refused(north, "window", "plan", "x", "--from", DAY, "--to", NEXT, "--zone", "UTC", "--allows", "all")
    assert "--allows" in said


def waiting(by: str) -> Run:
    now = timezone.now()
    run = Run.objects.create(
        system="north-college",
        task="recover.files",
        spec_version=1,
        requested_by=by,
        requested_at=now,
        state="waiting",
    )
    StepRecord.objects.create(run=run, position=1, key="a", says="Bring a.txt back.", action={}, inverse={})
    Approval.objects.create(
        run=run, task=run.task, spec_version=1, requested_at=now, expires_at=now + timedelta(hours=24)
    )
    return run


def test_a_deputy_decides_for_who_is_away(north: Cli) -> None:
    run = waiting("keeper")
    listed = north.json("approvals", "list")
    assert [(one["run"], one["steps"]) for one in listed["waiting"]] == [(run.pk, ["Bring a.txt back."])]
    me = writing.actor().removesuffix(" (command line)")
    refused(north, "approve", run.pk, "--for", "m.karimova", code=1)
    made = north.json("approvals", "delegate", "m.karimova", me, "--until", NEXT, "--reason", "on leave")
    assert stands_in_for(me, timezone.now()) == ["m.karimova"]
    assert "Bring a.txt back." in north("approvals", "list").stdout
    assert north("approve", run.pk, "--for", "m.karimova").exit_code == 0
    approval = Approval.objects.get()
    assert (approval.decided_by, approval.decided_for) == (writing.actor(), "m.karimova")
    assert north.json("approvals", "list")["waiting"] == []
    assert north("approvals", "undelegate", made["id"]).exit_code == 0
    assert stands_in_for(me, timezone.now()) == []
    refused(north, "approvals", "undelegate", made["id"], code=1)
    assert "--until" in refused(north, "approvals", "delegate", "a", "b", "--until", "soon")
    assert "somebody else" in refused(north, "approvals", "delegate", "a", "a", "--until", NEXT)


def test_who_is_at_the_keyboard_is_not_what_an_environment_variable_says(
    north: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = writing.actor()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert writing.actor() == before
