"""Evidence in the records: kept once, taken down in the ledger, and vouched for only when nobody touched it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.ledger import evidence_text
from schoolkeeper.ledger.evidence import KEPT
from schoolkeeper.ledger.evidence_verify import verify
from schoolkeeper.ledger.keys import load_public
from schoolkeeper.records import evidence, ledger
from schoolkeeper.records.models import EvidenceRecord, LedgerEntry, Run

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 4, 30, 0, 123456, tzinfo=UTC)
DATA: dict[str, Any] = {
    "rows": 9_007_199_254_740_993,
    "seconds": 12.0,
    "tiny": 1e-9,
    "huge": 1e23,
    "phases": {"restore_seconds": 0.1, "ab": -0.0},
    "faults": [],
    "name": "oʻquvchi — ш",
}
PROOF = Evidence("proof", "20261122T190000Z-0a1b2c3d", True, "It restores.", DATA)


def keep(one: Evidence = PROOF, at: datetime = NOW, system: str = "north") -> EvidenceRecord:
    run = Run.objects.create(
        system=system, task="backup.drill", spec_version=1, requested_by="test", occasion="test", requested_at=at
    )
    evidence.keep(run, [one], at)
    return EvidenceRecord.objects.get(run=run)


def alter(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_the_ledger_takes_its_digest_down_once() -> None:
    record = keep()
    evidence.keep(record.run, [PROOF, Evidence("proof", PROOF.key, False, "Something else.", {})], NOW)
    entry = LedgerEntry.objects.get(kind=KEPT)
    assert (entry.system, entry.subject, entry.actor) == ("north", "backup.drill", f"run {record.run_id}")
    assert entry.data["evidence_sha256"] == evidence.statement(record).digest()
    assert EvidenceRecord.objects.get().holds is True


def test_both_are_kept_or_neither() -> None:
    with transaction.atomic():
        keep()
        transaction.set_rollback(True)
    assert not EvidenceRecord.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_what_was_kept_is_vouched_for_and_verifies_offline(tmp_path: Path) -> None:
    ledger.append("run.started", actor="run 1")
    record = keep()
    ledger.append("run.ended", actor="run 1")
    signed = evidence.vouch(record, tmp_path, "north-office")
    with (tmp_path / "export").open("w+b") as stream:
        ledger.write_export(tmp_path, "north-office", stream)
        stream.seek(0)
        report = verify(signed.line(), load_public(tmp_path / "keys" / "ledger.pub"), stream)
    assert report.faults == ()
    assert report.is_anchored
    assert signed.sequence == 2
    assert evidence_text.dump(signed.statement.data) == evidence_text.dump(DATA)


@pytest.mark.parametrize(
    "change",
    [
        "holds = false",
        "says = 'It restores very well.'",
        "at = at + interval '1 microsecond'",
        "data = data || '{\"seconds\": 11}'",
        "data = data - 'faults'",
    ],
)
def test_an_altered_row_is_refused(tmp_path: Path, change: str) -> None:
    record = keep()
    alter(f"UPDATE records_evidencerecord SET {change} WHERE id = %s", record.pk)
    record.refresh_from_db()
    with pytest.raises(Refused, match=r"ALTERED in the database.*backup\.drill run anew"):
        evidence.vouch(record, tmp_path, "north-office")


@pytest.mark.parametrize("column", ["key", "kind", "system"])
def test_a_row_that_names_something_else_is_not_in_the_ledger(tmp_path: Path, column: str) -> None:
    record = keep()
    alter(f"UPDATE records_evidencerecord SET {column} = 'other' WHERE id = %s", record.pk)
    record.refresh_from_db()
    with pytest.raises(Refused, match="is not in the ledger"):
        evidence.vouch(record, tmp_path, "north-office")


def test_an_altered_run_is_noticed(tmp_path: Path) -> None:
    record = keep()
    alter("UPDATE records_run SET key = gen_random_uuid()")
    with pytest.raises(Refused, match="is not in the ledger"):
        evidence.vouch(EvidenceRecord.objects.get(pk=record.pk), tmp_path, "north-office")


def test_a_second_entry_for_it_is_noticed(tmp_path: Path) -> None:
    record = keep()
    record.holds = False
    forged = evidence.statement(record).entry_data()
    ledger.append(KEPT, actor=f"run {record.run_id}", system="north", subject="backup.drill", data=forged)
    with pytest.raises(Refused, match=r"taken down twice \(entries 1 and 2"):
        evidence.vouch(record, tmp_path, "north-office")


def test_a_ledger_that_was_rewritten_vouches_for_nothing(tmp_path: Path) -> None:
    record = keep()
    ledger.sign_head(tmp_path, "north-office")
    record.holds = False
    changed = evidence.statement(record)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_ledgerentry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM records_ledgerentry")
        cursor.execute("ALTER TABLE records_ledgerentry ENABLE TRIGGER USER")
    ledger.append(KEPT, actor="run 1", system="north", subject="backup.drill", data=changed.entry_data())
    with pytest.raises(Refused, match="`schoolkeeper ledger verify` says where"):
        evidence.vouch(record, tmp_path, "north-office")


def test_the_newest_is_found_and_what_is_missing_is_named() -> None:
    keep(at=NOW)
    keep(Evidence("proof", "older", True, "", {}), at=datetime(2026, 1, 1, tzinfo=UTC))
    assert evidence.find("north", "proof").key == PROOF.key
    assert evidence.find("north", "proof", "older").key == "older"
    for arguments, says in (
        (("north", "proof", "none"), f"no.* with the key 'none'; the newest is {PROOF.key}"),
        (("north", "backup-set"), "of the kind 'backup-set'; there is: proof"),
        (("south", "proof"), "no run has left any yet"),
    ):
        with pytest.raises(Invalid, match=says):
            evidence.find(*arguments)
