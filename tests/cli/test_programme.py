"""programme: what is to be done when, seen and set at the command line."""

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolkeeper.programme.models import Entry, Limit, Occurrence, SignOff
from schoolkeeper.records.models import LedgerEntry
from tests.cli.conftest import Cli
from tests.programme.school import take

DRILL = "duty.policy_review"


@pytest.fixture
def north(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")
    take(zone="Asia/Tashkent")
    return cli


def refused(cli: Cli, *arguments: object, code: int = 2) -> str:
    result = cli(*arguments)
    assert result.exit_code == code, result.output
    return str(result.stderr)


def missed(task: str) -> Occurrence:
    entry = Entry.objects.get(task=task)
    ago = timezone.now() - timedelta(hours=30)
    fields = {"state": "missed", "reason": "nobody", "says": "Nobody did it.", "ended_at": timezone.now()}
    return Occurrence.objects.create(entry=entry, due_at=ago, not_before=ago, late_at=ago, missed_at=ago, **fields)


def test_a_programme_is_shown_before_any_scheduler_came_by(north: Cli) -> None:
    shown = north.json("programme", "show", "north-college", "--days", 2)
    assert shown["zone"] == "Asia/Tashkent"
    entry = next(one for one in shown["entries"] if one["task"] == "database.analyze")
    assert (entry["rule"], entry["changed"], entry["zone"]) == ("FREQ=DAILY", [], "Asia/Tashkent")
    assert [one["task"] for one in shown["entries"]] == sorted(one["task"] for one in shown["entries"])
    due = [one for one in shown["occurrences"] if one["task"] == "database.analyze"]
    assert len(due) in (2, 3)
    page = north("programme", "show", "north-college").stdout
    assert "database.analyze" in page
    assert "FREQ=DAILY" in page


def test_a_year_is_counted_by_month(north: Cli) -> None:
    page = north("programme", "show", "north-college", "--year").stdout
    assert "Due in" in page
    year = north.json("programme", "show", "north-college", "--year")["occurrences"]
    assert 364 <= sum(one["task"] == "database.analyze" for one in year) <= 367


def test_an_entry_is_changed_and_comes_back_to_what_is_usual(north: Cli) -> None:
    options = ("--rule", "FREQ=WEEKLY;BYDAY=SU", "--at", "02:30", "--owner", "m.karimova", "--late-after", "3h")
    (entry,) = north.json(
        *("programme", "set", "north-college", "database.analyze", *options, "-o", "changed_rows=7")
    )
    assert (entry["rule"], entry["at"], entry["owner"]) == ("FREQ=WEEKLY;BYDAY=SU", "02:30:00", "m.karimova")
    assert (entry["late_after_minutes"], entry["options"]) == (180, {"changed_rows": 7})
    due = Occurrence.objects.filter(entry__task="database.analyze").values_list("due_at", flat=True)
    assert {(one.weekday(), one.hour, one.minute) for one in due} == {(5, 21, 30)}  # Sunday 02:30 in Tashkent
    (entry,) = north.json(
        "programme", "set", "north-college", "database.analyze", "--usual", "rule", "--usual", "at"
    )
    assert (entry["rule"], sorted(entry["changed"])) == ("FREQ=DAILY", ["late_after_minutes", "options", "owner"])


def test_all_faults_of_an_entry_are_told_at_once(north: Cli) -> None:
    said = refused(
        north, "programme", "set", "north-college", "database.analyze", "--at", "25:00", "--late-after", "3"
    )
    assert "--at" in said
    assert "--late-after" in said
    said = refused(
        north,
        *("programme", "set", "north-college", "database.analyze", "--rule", "FREQ=NEVER", "--zone", "Mars"),
        *("--priority", 101, "--catch-up", "maybe", "-o", "changed_rows=-1", "--usual", "colour"),
    )
    for field in ("rule", "zone", "priority", "catch_up", "options", "colour"):
        assert f"  {field}: " in said, said
    assert "database.analyze" in refused(north, "programme", "set", "north-college", "nothing", "--owner", "x")
    assert "name what to change" in refused(north, "programme", "set", "north-college", "database.analyze")
    said = refused(north, "programme", "set", "north-college", "database.analyze", "--at", "02:30:15")
    assert "wall-clock time such as 02:30" in said
    assert "north-college" in refused(north, "programme", "show", "nowhere")


def test_pausing_needs_a_reason_and_ends(north: Cli) -> None:
    assert "reason" in refused(north, "programme", "pause", "north-college", DRILL)
    refused(north, "programme", "pause", "north-college", DRILL, "--reason", " ", code=1)
    assert north("programme", "pause", "north-college", DRILL, "--reason", "on leave").exit_code == 0
    assert "paused: on leave" in north("programme", "show", "north-college").stdout.replace("\n", " ")
    assert north("programme", "resume", "north-college", DRILL).exit_code == 0
    kinds = list(LedgerEntry.objects.filter(kind__startswith="programme.").values_list("kind", flat=True))
    assert kinds == ["programme.paused", "programme.resumed"]


def test_a_programme_is_exported_and_applied(north: Cli) -> None:
    north("programme", "set", "north-college", "database.analyze", "--owner", "m.karimova")
    text = north("programme", "export", "north-college").stdout
    file = north.file("programme.toml", text)
    assert north.json("programme", "apply", file)[0]["changes"] == []
    file.write_text(text.replace("m.karimova", "r.aliyev"))
    change = "~ database.analyze.owner = 'r.aliyev' (was 'm.karimova')"
    assert north.json("programme", "apply", file, "--dry-run")[0]["changes"] == [change]
    assert Entry.objects.get(task="database.analyze").owner == "m.karimova"
    assert change in north("programme", "apply", file).stdout
    assert north.json("programme", "apply", file)[0]["changes"] == []
    bad = north.file("bad.toml", '[system]\nslug = "north-college"\n[tasks."health.host"]\nat = "x"\ncolour = 1\n')
    said = refused(north, "programme", "apply", bad)
    assert "bad.toml:4: tasks.health.host.at" in said
    assert "bad.toml:5: tasks.health.host.colour" in said
    assert "cannot be read" in refused(north, "programme", "apply", north.folder / "none.toml")


def test_what_was_missed_is_listed_caught_up_or_waived(north: Cli) -> None:
    north("programme", "show", "north-college")
    one, other = missed("database.analyze"), missed(DRILL)
    listed = north.json("programme", "list", "--hours", 48)
    assert {item["id"] for item in listed["missed"]} == {one.pk, other.pk}
    assert {item["task"] for item in listed["next"]} >= {"database.analyze", "health.host"}
    assert "Missed" in north("programme", "list").stdout
    assert "next chance" in north("programme", "catch-up", one.pk).stdout
    refused(north, "programme", "catch-up", one.pk, code=1)
    refused(north, "programme", "waive", other.pk, "--reason", " ", code=1)
    assert north("programme", "waive", other.pk, "--reason", "done on paper").exit_code == 0
    assert north.json("programme", "list")["missed"] == []
    assert north.json("programme", "list", "--of", "nobody") == {"next": [], "late": [], "missed": []}


def test_limits_are_shown_set_and_taken_back(north: Cli) -> None:
    usual = north.json("programme", "limits")
    assert {(one["scope"], one["name"], one["made_by"]) for one in usual} == {
        ("system", "", ""),
        ("host", "", ""),
        ("institution", "", ""),
    }
    north("programme", "limits", "--set", "host=3", "--set", "host:web1=2")
    limits = {(one["scope"], one["name"]): one["runs"] for one in north.json("programme", "limits")}
    assert (limits["host", ""], limits["host", "web1"]) == (3, 2)
    assert north.json("programme", "limits", "--usual", "host", "--usual", "host:web1") == usual
    for wrong in ("host", "host=", "host=0", "host=99999", "room=3", "host=x", "=5", "system:nroth=2"):
        assert refused(north, "programme", "limits", "--set", "system=9", "--set", wrong)
    assert not Limit.objects.exists()


def due(duty: str) -> Occurrence:
    entry, now = Entry.objects.get(task=duty), timezone.now()
    later = now + timedelta(days=5)
    return Occurrence.objects.create(entry=entry, due_at=now, not_before=now, late_at=later, missed_at=later)


def test_a_duty_is_signed_off_with_answers_and_proof(north: Cli) -> None:
    north("programme", "show", "north-college")
    one = due("duty.compliance_check")
    assert "attachments:" in refused(north, "programme", "sign", one.pk, "--yes")
    proof = north.file("list.pdf", "seen")
    options = ("--no", "2=r.aliyev does it by Friday", "--attach", proof, "--note", "with the head")
    assert "signed off" in north("programme", "sign", one.pk, "--yes", *options).stdout
    signed = SignOff.objects.get(occurrence=one)
    assert [answer["done"] for answer in signed.answers] == [True, False, True, True]
    assert (signed.answers[1]["note"], signed.note) == ("r.aliyev does it by Friday", "with the head")
    assert [row.name for row in one.attachments.all()] == ["list.pdf"]
    refused(north, "programme", "sign", one.pk, "--yes", code=1)


def test_a_duty_asks_its_checklist(north: Cli) -> None:
    north("programme", "show", "north-college")
    one = due("duty.findings_review")
    told = north("programme", "sign", one.pk, input="y\ny\nn\nnobody was here\ny\n")
    assert told.exit_code == 0
    assert "Every open error was read" in told.stdout
    assert SignOff.objects.get(occurrence=one).answers[2]["note"] == "nobody was here"


def test_what_cannot_be_signed_off(north: Cli) -> None:
    north("programme", "show", "north-college")
    one = due("duty.findings_review")
    for wrong in ("5=x", "0=x", "x", "=x"):
        assert "from 1 to 4" in refused(north, "programme", "sign", one.pk, "--yes", "--no", wrong)
    assert "3: say why not" in refused(north, "programme", "sign", one.pk, "--yes", "--no", "3=")
    assert "none.pdf" in refused(north, "programme", "sign", one.pk, "--yes", "--attach", "none.pdf")
    refused(north, "programme", "sign", due("database.analyze").pk, "--yes", code=1)
    refused(north, "programme", "sign", 10**9, "--yes", code=1)
    assert not SignOff.objects.exists()
