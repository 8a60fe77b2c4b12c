"""What the pages say: empty, with something in them, and while a run goes on."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from schoolkeeper.controlroom.markup import render
from schoolkeeper.controlroom.roles import ROLES
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import NOT_IN_RUNBOOKS
from schoolkeeper.ledger import export
from schoolkeeper.ledger.verify import verify
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run, StepRecord
from tests.controlroom import believable

pytestmark = pytest.mark.django_db


def text_of(browser: Client, name: str, *place: object, **query: str) -> str:
    answer = browser.get(reverse(f"admin:{name}", args=place), query)
    assert answer.status_code == 200, name
    return str(answer.content.decode())


def test_without_a_system_the_overview_says_what_to_do(cast: Mapping[str, Client]) -> None:
    text = text_of(cast["viewer"], "index")
    assert "schoolkeeper apply FILE" in text
    assert "No worker is alive" in text


def test_a_system_that_nobody_looked_at_is_not_shown_as_well(cast: Mapping[str, Client], system: str) -> None:
    text = text_of(cast["viewer"], "index")
    assert "Nobody has looked yet." in text
    assert "Never proven" in text
    assert "sk-badge sk-good" not in text


def test_a_system_is_well_only_when_every_watching_task_has_looked(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    for task in ("health.web", "health.host", "health.database"):
        ended(task)
    assert "Never looked: Find new and rising errors." in text_of(cast["viewer"], "system", system)
    ended("logs.errors")
    assert "nothing needs attention" in text_of(cast["viewer"], "system", system)


def test_the_overview_of_many_systems_is_a_table_that_can_be_searched(
    cast: Mapping[str, Client], now: datetime
) -> None:
    for number in range(30):
        believable.take_into_care(f"college-{number:02}", f"College {number:02}", now)
    believable.ended("college-17", believable.Told("health.web", "wrong"), now)
    text = text_of(cast["viewer"], "index")
    assert "<table" in text
    assert text.index("College 17") < text.index("College 00"), "worst first"
    assert "Page 1" in text
    found = text_of(cast["viewer"], "index", q="college 23")
    assert "College 23" in found
    assert "College 22" not in found
    assert "No system is like that." in text_of(cast["viewer"], "index", health="ok")


def test_the_backup_tells_its_age_and_whether_the_proof_held(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int], now: datetime
) -> None:
    run = Run.objects.get(pk=ended("database.analyze", "stale"))
    believable.backup(system, run, now - timedelta(hours=5), now - timedelta(hours=4))
    assert "was taken <time" in text_of(cast["viewer"], "backups")
    assert "It restores" in text_of(cast["viewer"], "system", system)
    later = Run.objects.get(pk=ended("database.analyze", "stale"))
    believable.backup(system, later, now - timedelta(hours=2), now - timedelta(hours=1), holds=False)
    text = text_of(cast["viewer"], "backups", system=system)
    assert "Last proof failed" in text
    assert "It does not restore" in text


def test_an_old_backup_is_too_old_however_well_it_was_proven(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int], now: datetime
) -> None:
    run = Run.objects.get(pk=ended("database.analyze", "stale"))
    believable.backup(system, run, now - timedelta(hours=40), now - timedelta(minutes=5))
    assert "Too old" in text_of(cast["viewer"], "index")


def test_findings_can_be_filtered_and_lead_to_their_runbook(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    ended("health.web", "wrong")
    text = text_of(cast["viewer"], "findings", level="error")
    assert "A page is not as it should be" in text
    assert "/tasks/health.web/#health-web-wrong_answer" in text
    assert 'id="health-web-wrong_answer"' in text_of(cast["viewer"], "task", "health.web")
    assert "No open finding is like that." in text_of(cast["viewer"], "findings", level="unknown")
    ended("health.web", "well")
    assert not FindingRecord.objects.filter(resolved_at=None, level=Level.ERROR).exists()
    assert "A page is not as it should be" in text_of(cast["viewer"], "findings", state="resolved")


def test_a_run_shows_what_it_found_even_when_later_runs_saw_it_again(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    first, _ = ended("health.web", "wrong"), ended("health.web", "wrong")
    text = text_of(cast["viewer"], "run", first)
    assert "Faults found" in text
    assert "answered 500" in text


def test_facts_of_an_older_version_are_passed_over_in_words(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    pk = ended("health.web")
    Run.objects.filter(pk=pk).update(facts_before={"something": "else"})
    assert "An older version of the task" in text_of(cast["viewer"], "run", pk)
    Run.objects.filter(pk=pk).update(task="gone.task")
    assert "no longer in the catalogue" in text_of(cast["viewer"], "run", pk)


def test_steps_appear_and_an_ended_run_stops_asking(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable.going_on(system, now)
    text = text_of(cast["viewer"], "run", run.pk)
    address = text.partition('hx-get="')[2].partition('"')[0]
    assert cast["viewer"].get(address).status_code == 204, "nothing new, nothing to draw"
    StepRecord.objects.filter(run=run, state="started").update(state="done", ended_at=now)
    fragment = cast["viewer"].get(address).content.decode()
    assert fragment.count(">Done</span>") == 2
    assert "<html" not in fragment
    assert "hx-get" in fragment
    Run.objects.filter(pk=run.pk).update(state="ended", outcome="ok", ended_at=now)
    assert "hx-get" not in cast["viewer"].get(address).content.decode()


def test_the_ledger_entries_of_a_run_are_for_auditors(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    pk = ended("health.web")
    assert "In the ledger" in text_of(cast["auditor"], "run", pk)
    assert "In the ledger" not in text_of(cast["keeper"], "run", pk)


def test_the_ledger_is_verified_and_a_change_is_found(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    ended("health.web")
    assert "Nobody has verified it here yet." in text_of(cast["auditor"], "ledger")
    answer = cast["auditor"].post(reverse("admin:ledger_verify")).content.decode()
    assert "Nothing was changed, removed or put in between" in answer
    assert "Verified <time" in text_of(cast["auditor"], "ledger")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_ledgerentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE records_ledgerentry SET actor = 'nobody' WHERE sequence = 2")
    answer = cast["auditor"].post(reverse("admin:ledger_verify")).content.decode()
    assert "The ledger is not as it was written" in answer
    assert "entry 2" in answer
    assert LedgerEntry.objects.filter(kind="ledger.verified").last().data["ok"] is False  # type: ignore[union-attr]


def test_a_cut_tail_contradicts_the_heads_kept_outside_the_database(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    ended("health.web")
    cast["auditor"].post(reverse("admin:ledger_export"))  # signs a head and keeps it
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(
            "DELETE FROM records_ledgerentry WHERE sequence = (SELECT max(sequence) FROM records_ledgerentry)"
        )
    answer = cast["auditor"].post(reverse("admin:ledger_verify")).content.decode()
    assert "The ledger is not as it was written" in answer
    assert "anchor_missing" in answer


def test_the_export_can_be_verified_without_us(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    ended("health.web")
    answer = cast["auditor"].post(reverse("admin:ledger_export"))
    content = io.BytesIO(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    report = verify(export.split(content))
    assert report.ok
    assert report.instance == settings.SCHOOLKEEPER_INSTANCE
    assert LedgerEntry.objects.filter(kind="ledger.exported", actor="auditor").exists()


@pytest.mark.parametrize("task_id", list(catalogue()))
def test_every_task_has_its_page(task_id: str, cast: Mapping[str, Client]) -> None:
    text = text_of(cast["viewer"], "task", task_id)
    for code in catalogue()[task_id].spec.codes - {f"{task_id}.{suffix}" for suffix in NOT_IN_RUNBOOKS}:
        assert f'id="{code.replace(".", "-")}"' in text, code


def test_html_in_a_runbook_is_shown_not_obeyed(tmp_path: Path) -> None:
    page = tmp_path / "runbook.md"
    page.write_text("# Title\n\nText <script>alert(1)</script> and **bold**.\n\n<b onclick='x()'>block</b>\n")
    html = render(page)
    assert "<script" not in html
    assert "<b " not in html
    assert "<strong>bold</strong>" in html
    assert "Title" not in html


def test_the_search_finds_systems_tasks_and_runs(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int]
) -> None:
    pk = ended("health.web")
    for words, expected in (
        ("north", "/systems/north-college/"),
        ("host", "/tasks/health.host/"),
        (f"run {pk}", f"/runs/{pk}/"),
    ):
        answer = cast["viewer"].get(reverse("admin:search"), {"s": words, "extended": "1"})
        assert expected in answer.content.decode(), words


def test_records_of_a_system_that_left_are_still_shown(
    cast: Mapping[str, Client], ended: Callable[..., int], system: str
) -> None:
    pk = ended("health.web")
    SystemRecord.objects.all().delete()
    for name, place in (("run", [pk]), ("runs", []), ("findings", []), ("backups", []), ("ledger", [])):
        assert text_of(cast["administrator"], name, *place)


def test_numbers_are_drawn_in_the_systems_own_time(
    cast: Mapping[str, Client], system: str, ended: Callable[..., int], now: datetime
) -> None:
    ended("health.web")
    believable.history(system, now)
    SystemRecord.objects.update(applied_at=now - timedelta(days=30))
    for period in ("day", "week", "month", "nonsense"):
        text = text_of(cast["viewer"], "system", system, period=period)
        for title in ("Web answers", "Processors in use", "Memory in use", "Disk in use", "Database connections"):
            assert title in text
        assert "How runs ended" in text


def test_the_groups_have_what_the_table_says() -> None:
    for role, names in ROLES.items():
        held = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
        assert {f"{app}.{codename}" for app, codename in held} == names
