"""The page of a proof: one sheet, whatever the evidence has or lacks, and nothing on it that is not known."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.ledger.evidence_verify import verify
from schoolkeeper.ledger.keys import load_public
from schoolkeeper.records import evidence
from schoolkeeper.records.ledger import signing_key
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof import write_proof
from schoolkeeper.reporting.proof.reading import read

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
KEY = "20261122T190000Z-0a1b2c3d"
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
FULL: dict[str, Any] = {
    "tables": 46,
    "rows": 2_181_204,
    "objects": 412,
    "files": 3_812,
    "assertions": 18,
    "golden_records": 5,
    "seconds": 742.0,
    "phases": [
        {"name": "prepare", "seconds": 4.2},
        {"name": "restore", "seconds": 318.0},
        {"name": "compare", "seconds": 201.4},
        {"name": "integrity", "seconds": 66.1},
        {"name": "files", "seconds": 121.0},
        {"name": "start the ERP", "seconds": 21.3},
        {"name": "journey", "seconds": 8.4},
        {"name": "golden records", "seconds": 1.6},
    ],
    "rto_seconds": 7200,
    "rpo_hours": 24,
    "postgres": "16.10",
    "versions": {"Schoolkeeper": "0.3.0", "Smart Education ERP": "4.2.1"},
    "faults": [],
    "taken_at": "2026-11-22T19:00:00+00:00",
    "size_bytes": 1_284_000_000,
    "new_bytes": 31_000_000,
    "manifest_sha256": SHA,
}
SAYS = (
    "Backup set 20261122T190000Z-0a1b2c3d restores: 46 tables with 2,181,204 rows, 412 objects and 3,812 files "
    "compared in 742.0 s, 0 faults."
)
HOSTILE = '#panic("x") $x$ *b* \\u{1} </svg><script>alert(1)</script> {{ 7 }}'


class Proofs:
    """Keeps proofs of one school as runs do, and writes their pages."""

    def __init__(self, school: Any, folder: Path) -> None:
        self.school, self.folder = school, folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, data: dict[str, Any], holds: bool = True, says: str = SAYS, **fields: Any) -> EvidenceRecord:
        at = fields.pop("at", NOW)
        run = self.school.run("backup.drill", at - timedelta(minutes=13), **fields)
        evidence.keep(run, [Evidence("proof", KEY, holds, says, data)], at)
        return EvidenceRecord.objects.get(run=run)

    def pdf(self, record: EvidenceRecord, name: str = "proof") -> PdfReader:
        path = self.folder / f"{name}.pdf"
        write_proof(record, path)
        return PdfReader(path)

    def page(self, record: EvidenceRecord) -> str:
        """The words of the page, which must be one."""
        reader = self.pdf(record)
        assert len(reader.pages) == 1
        return " ".join(reader.pages[0].extract_text().split())


@pytest.fixture
def proofs(school: Any, folder: Path, settings: Any) -> Proofs:
    settings.SCHOOLKEEPER_HOME = folder / "home"
    return Proofs(school, folder)


def test_a_full_proof(proofs: Proofs) -> None:
    for back in range(9, 0, -1):
        phases = {"restore_seconds": 280.0 + back * 7, "prepare_seconds": 4.0}
        proofs.keep({"phases": phases}, holds=back != 4, at=NOW - timedelta(days=30 * back))
    text = proofs.page(proofs.keep(FULL))
    for words in (
        "RESTORES", "North College ERP · North College", KEY, "2,181,204 rows", "3,812 files", "5 golden records",
        "A recovery would take 5 min 44 s", "target (RTO) 2 h", "9 h 30 min", "target (RPO) 1 d", "1.2 GiB",
        "Start the ERP", "Walk the declared journeys", "PostgreSQL 16.10", "Smart Education ERP 4.2.1", SHA,
        "asked for by programme (daily programme)", "The last 10 proofs", "1 proof that failed", "None was found.",
        "Proven 23 Nov 2026, 09:30", "Asia/Tashkent, UTC+05:00", "pdfdetach",
        "verify-evidence evidence.json --key ledger.pub",
    ):  # fmt: skip
        assert words.replace(" ", "") in text.replace(" ", ""), words
    assert "NOT PROVEN" not in text


def test_a_proof_that_fails_shows_ten_faults_and_counts_the_others(proofs: Proofs) -> None:
    faults = [
        {"code": "different_table", "subject": f"public.grade_{number}", "expected": "9 rows", "found": "8 rows"}
        for number in range(14)
    ]
    phases = [*FULL["phases"][:2], {"name": "compare", "seconds": 0, "skipped": "the server stopped"}]
    text = proofs.page(proofs.keep({**FULL, "phases": phases, "faults": faults}, holds=False, says="It does not."))
    assert "NOT PROVEN" in text
    assert "different table: public.grade_9 (expected 9 rows, found 8 rows)" in text
    assert "public.grade_10" not in text
    assert "and 4 more" in text
    assert "not done: the server stopped" in text


def test_a_proof_with_next_to_nothing(proofs: Proofs) -> None:
    text = proofs.page(proofs.keep({}, holds=False, says="No key opens the set."))
    assert "NOT PROVEN No key opens the set." in text
    assert "No phase was measured." in text
    assert "No recovery time was measured." in text
    for invented in ("RTO", "RPO", "Taken", "Compared", "Versions", "Size", "Manifest", "None was found"):
        assert invented not in text


def test_the_set_s_size_comes_from_its_own_evidence(proofs: Proofs) -> None:
    run = proofs.school.run("backup.create", NOW - timedelta(hours=9))
    evidence.keep(
        run, [Evidence("backup-set", KEY, True, "", {"size_bytes": 5 * 2**20})], NOW - timedelta(hours=9)
    )
    assert "Size as stored 5.0 MiB" in proofs.page(proofs.keep({"faults": 3}, holds=False))


def test_what_misses_the_targets_or_could_not_be_looked_at(proofs: Proofs) -> None:
    proofs.keep(FULL, at=NOW - timedelta(days=30))
    record = proofs.keep({**FULL, "rto_seconds": 60, "rpo_hours": 1, "faults": 3}, holds=False)
    text = proofs.page(record)
    assert "target (RTO) 1 min" in text
    assert f"3 faults: the page of run {record.run_id} lists them." in text
    assert "None was found in what could be looked at." in proofs.page(proofs.keep(FULL, holds=False))


def test_the_longest_of_everything_fits_one_page(proofs: Proofs) -> None:
    long = "Oʻzbekiston " * 60
    data = FULL | {
        "phases": [{"name": f"{long}{number}", "seconds": number, "skipped": long} for number in range(40)],
        "faults": [{"code": long, "subject": long, "expected": long, "found": long}] * 200,
        "versions": {f"{long}{number}": long for number in range(30)},
        **dict.fromkeys(
            ("tables", "rows", "objects", "files", "assertions", "journeys", "golden_records"), 10**15
        ),
        "manifest_sha256": long,
    }
    proofs.page(proofs.keep(data, holds=False, says=long, requested_by=long[:150], occasion=long[:100]))


def test_hostile_text_stays_text(proofs: Proofs) -> None:
    data = {"faults": [HOSTILE], "phases": [{"name": HOSTILE, "seconds": 3}], "versions": {HOSTILE: HOSTILE}}
    text = proofs.page(proofs.keep(data, says=HOSTILE, requested_by=HOSTILE))
    assert text.replace(" ", "").count(HOSTILE.replace(" ", "")) >= 2


@pytest.mark.parametrize(
    "data",
    [
        {"phases": "restore", "faults": "many", "versions": [1], "taken_at": "yesterday", "rows": "9"},
        {"phases": [1, {"seconds": 2}, {"name": 7}], "faults": [None, {}], "taken_at": "2026-11-22T19:00:00"},
        {"phases": {"restore_seconds": "long"}, "rows": True, "rto_seconds": -1, "faults": -2, "postgres": 16},
    ],
)
def test_what_is_not_as_expected_is_left_out(proofs: Proofs, data: dict[str, Any]) -> None:
    reading = read(data)
    assert (reading.phases, reading.counts, reading.taken_at, reading.rto_seconds) == ((), (), None, None)
    assert "RESTORES" in proofs.page(proofs.keep(data))


def test_it_carries_the_signed_evidence(proofs: Proofs, settings: Any) -> None:
    record = proofs.keep(FULL)
    reader = proofs.pdf(record)
    (attached,) = reader.attachments["evidence.json"]
    key = load_public(signing_key(settings.SCHOOLKEEPER_HOME).with_name("ledger.pub"))
    report = verify(attached, key)
    assert report.ok
    signed = report.signed
    assert signed is not None
    assert json.loads(attached)["signed"]["evidence"]["data"] == FULL
    text = "".join(reader.pages[0].extract_text().split())
    for words in (signed.statement.digest(), signed.entry_digest, signed.signature, key.key_id):
        assert words in text


def test_it_is_archivable_and_the_same_each_time(proofs: Proofs) -> None:
    record = proofs.keep(FULL)
    assert proofs.pdf(record).metadata.title == "Proof of a restore: North College ERP · North College"  # type: ignore[union-attr]
    first = (proofs.folder / "proof.pdf").read_bytes()
    proofs.keep(FULL, at=NOW + timedelta(days=1))
    proofs.pdf(record, "again")
    assert (proofs.folder / "again.pdf").read_bytes() == first
    assert b"<pdfaid:part>3</pdfaid:part>" in first
    assert b"<pdfuaid:part>1</pdfuaid:part>" in first


def test_altered_evidence_gets_no_page(proofs: Proofs, tmp_path: Path) -> None:
    record = proofs.keep(FULL, holds=False)
    EvidenceRecord.objects.filter(pk=record.pk).update(holds=True)
    record.refresh_from_db()
    with pytest.raises(Refused, match="ALTERED"):
        write_proof(record, tmp_path / "proof.pdf")
    assert not (tmp_path / "proof.pdf").exists()


def test_the_trend_is_that_of_the_time(proofs: Proofs, take_into_care: Callable[..., Any]) -> None:
    other = Proofs(take_into_care("south-college"), proofs.folder)
    other.keep(FULL, at=NOW - timedelta(days=2))
    record = proofs.keep(FULL)
    assert "This is the first proof with a recovery time" in proofs.page(record)
