"""What the pages about backups, proofs and their trend say, with and without records."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from schoolkeeper.cli.results.status import status
from schoolkeeper.controlroom.queries import backups
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.standing import standings
from schoolkeeper.records.models import EvidenceRecord, Run, StepRecord
from tests.controlroom import believable_backups as made
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db


def test_without_a_backup_every_page_says_so_and_nothing_is_green(cast: Mapping[str, Client], system: str) -> None:
    text = text_of(cast["viewer"], "system_backups", system)
    for said in ("There is no backup yet", "No task has looked at the backups yet", "There is none", "Never"):
        assert said in text
    assert "sk-good" not in text
    assert "No backup was taken and none was proven" in text_of(cast["viewer"], "recovery_trend", system)
    assert "Nobody has measured it; the target is 4 h" in text


def test_the_tiles_stand_against_the_targets(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    key = made.take(system, now - timedelta(hours=30))
    made.prove(system, key, now - timedelta(hours=30), now - timedelta(hours=20), made.Tried(pace=10))
    text = text_of(cast["viewer"], "system_backups", system)
    assert "Older than the target of 24 h" in text
    assert "Longer than the target of 4 h" in text
    (standing,) = standings(Names(), now, system)
    assert (standing.age_tone, standing.proof_tone, standing.recovery_tone) == ("bad", "good", "warn")
    assert standing.recovery == timedelta(seconds=10 * (41 + 1284 + 366) + 21)


def test_a_backup_that_was_removed_is_hidden_until_asked_for(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    gone, kept = made.take(system, now - timedelta(days=9)), made.take(system, now - timedelta(days=1))
    made.prune(system, [gone], now)
    text = text_of(cast["viewer"], "system_backups", system)
    assert kept in text
    assert gone not in text
    assert gone not in text_of(cast["viewer"], "backups")
    text = text_of(cast["viewer"], "system_backups", system, removed="yes")
    assert gone in text
    assert "Removed" in text
    page = text_of(cast["keeper"], "backup_set", system, gone)
    assert "The rule of retention removed this backup" in page
    assert "Prove it now" not in page


def test_a_removal_that_did_not_happen_or_was_from_a_copy_hides_nothing(system: str, now: datetime) -> None:
    keys = [made.take(system, now - timedelta(days=days)) for days in (9, 5)]
    made.prune(system, keys, now)
    StepRecord.objects.filter(key=f"remove:{keys[0]}").update(state="failed")
    elsewhere = {"verb": "remove", "arguments": {"store": "far", "set": keys[1]}}
    StepRecord.objects.filter(key=f"remove:{keys[1]}").update(action=elsewhere)
    assert {row.key for row in backups.sets_of(system, Names())} == set(keys)


def test_reading_back_tells_of_backups_that_were_there_by_then(system: str, now: datetime) -> None:
    old, new = made.take(system, now - timedelta(hours=9)), made.take(system, now + timedelta(minutes=1))
    made.read_back(system, [old], now)
    words = {row.key: row.read_back.text for row in backups.sets_of(system, Names())}
    assert words == {old: "All read back", new: "Not read yet"}
    made.read_back(system, [old], now + timedelta(seconds=9), left_objects=7, left_bytes=5)
    assert {row.read_back.text for row in backups.sets_of(system, Names())} == {"Partly read back", "Not read yet"}
    made.read_back(system, [old], now + timedelta(hours=1), unsound={new: "its manifest is gone"})
    words = {row.key: row.read_back.text for row in backups.sets_of(system, Names())}
    assert words == {old: "Not sure", new: "Damaged"}


def test_a_backup_that_is_gone_is_not_called_proven(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    gone, there = made.take(system, now - timedelta(hours=9)), made.take(system, now - timedelta(hours=1))
    made.prove(system, gone, now - timedelta(hours=9), now - timedelta(hours=8))
    (before,) = standings(Names(), now, system)
    assert before.proof.key == gone
    assert status().systems[0].last_proven_backup == gone
    made.read_back(system, [there], now, gone=[gone])
    words = {row.key: row.read_back.text for row in backups.sets_of(system, Names())}
    assert words == {gone: "Gone", there: "All read back"}
    (after,) = standings(Names(), now, system)
    assert (after.proof.key, after.proof.word.text, after.verification.word.text) == ("", "Never proven", "Gone")
    assert status().systems[0].last_proven_backup is None


def test_copies_are_unknown_until_somebody_has_looked(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    assert "Whether there are copies elsewhere is known once" in text_of(cast["viewer"], "system_backups", system)
    made.read_back(system, [key], now)
    assert "The 3-2-1 rule is kept" in text_of(cast["viewer"], "system_backups", system)
    made.read_back(system, [key], now, "one_store")
    assert "The 3-2-1 rule is not kept" in text_of(cast["viewer"], "system_backups", system)


def test_the_space_is_forecast_from_what_was_measured(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    made.take(system, now)
    assert "known after two weeks" in text_of(cast["viewer"], "system_backups", system)
    made.prune(system, [], now)
    (standing,) = standings(Names(), now, system)
    assert standing.store.full_on == (now + timedelta(days=240 * 1024 / 604)).date()
    assert "Full on about" in text_of(cast["viewer"], "system_backups", system)


def test_a_backup_is_told_part_by_part(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    key = made.take(system, now, first=True, own={"changed": 2, "outside": 1, "not_transactional": ["log"]})
    text = text_of(cast["keeper"], "backup_set", system, key)
    for said in (
        "stored in full, because there is no earlier set of it",
        "612 files, 7 added",
        "2 files changed while they were being saved",
        "1 link lead out",
        "1 table cannot be saved as of one moment",
        "age18n7thfm48f…ky3j7w",
        "Nobody has restored this backup to prove it.",
        "Prove it now",
    ):
        assert said in text
    assert "Prove it now" not in text_of(cast["auditor"], "backup_set", system, key)
    assert cast["viewer"].get(reverse("admin:backup_set", args=[system, "none"])).status_code == 404


def test_proving_a_backup_asks_for_a_drill_of_that_one(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    text = text_of(cast["keeper"], "ask", system, "backup.drill", set=key)
    assert f'value="{key}"' in text
    cast["keeper"].post(reverse("admin:ask", args=[system, "backup.drill"]), {"set": key})
    assert Run.objects.get(task="backup.drill").options == {"set": key}


def test_a_backup_of_another_time_says_what_it_has_and_no_more(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    made.prove(system, key, now, now)
    EvidenceRecord.objects.update(data={"full_because": "all", "phases": "many", "faults": 3})
    StepRecord.objects.all().delete()
    assert "do not tell of its parts" in text_of(cast["viewer"], "backup_set", system, key)
    for name in ("system_backups", "recovery_trend"):
        assert text_of(cast["viewer"], name, system)


def test_a_rehearsal_shows_its_phases_as_it_goes_on(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    run = made.proving(system, key, now, now)
    text = text_of(cast["viewer"], "run", run.pk)
    assert "Bring the database back" in text
    assert "Compare every table, object and sequence with what was saved." in text
    assert f"of backup {key}" in text
    assert "This backup" not in text
    StepRecord.objects.filter(run=run, state="started").update(
        state="done", result={"seconds": 3.0, "tables": 24, "faults": 2}
    )
    fragment = cast["viewer"].get(reverse("admin:run_live", args=[run.pk])).content.decode()
    assert "24 tables: 2 found, see below" in fragment
    Run.objects.filter(pk=run.pk).update(state="ended", outcome="errored", ended_at=now)
    assert "Nothing was proven" in text_of(cast["viewer"], "run", run.pk)


def test_a_rehearsal_ends_with_a_verdict(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    key = made.take(system, now)
    good = made.prove(system, key, now - timedelta(hours=2), now)
    text = text_of(cast["viewer"], "run", good.pk)
    for said in ("This backup restores", "Nothing differs", "target: at most 4 h", "28 min 32 s", "2 h"):
        assert said in text
    bad = made.prove(system, key, now, now, made.Tried(faults={"compare": [made.ROW_GONE]}))
    text = text_of(cast["viewer"], "run", bad.pk)
    for said in ("This backup does NOT restore", "1 fault found", "Faults found", "48,209 rows came back"):
        assert said in text
    assert "A recovery would take" not in text


def test_the_proof_can_be_taken_along(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    key = made.take(system, now)
    made.prove(system, key, now, now)
    proof = EvidenceRecord.objects.get(kind="proof")
    pdf = cast["auditor"].get(reverse("admin:proof_pdf", args=[proof.pk]))
    assert pdf.content.startswith(b"%PDF")
    assert pdf["Content-Disposition"].startswith(f'attachment; filename="{system}-proof-')
    signed = cast["auditor"].get(reverse("admin:signed_evidence", args=[proof.pk]))
    assert key in json.dumps(json.loads(signed.content))
    assert cast["auditor"].get(reverse("admin:proof_pdf", args=[proof.pk + 999])).status_code == 404


def test_what_was_altered_is_not_handed_out(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    made.prove(system, made.take(system, now), now, now, made.Tried(faults={"compare": [made.ROW_GONE]}))
    proof = EvidenceRecord.objects.get(kind="proof")
    EvidenceRecord.objects.filter(pk=proof.pk).update(holds=True)
    for name in ("proof_pdf", "signed_evidence"):
        answer = cast["auditor"].get(reverse(f"admin:{name}", args=[proof.pk]), follow=True)
        assert b"was ALTERED in the database" in answer.content


def test_the_trend_is_drawn_with_gaps_and_targets(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    made.protect(system, now, days=12, fails=True)
    text = text_of(cast["viewer"], "recovery_trend", system)
    for said in ("How long a recovery took", "How much work could have been lost", "1 proof did not hold"):
        assert said in text
    for period in ("quarter", "year", "nonsense"):
        assert "How long a recovery took" in text_of(cast["viewer"], "recovery_trend", system, period=period)
