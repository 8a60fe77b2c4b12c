"""evidence list, export and pdf."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from pypdf import PdfReader

from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.ledger.__main__ import main as offline_verifier
from schoolkeeper.records import evidence
from schoolkeeper.records.models import EvidenceRecord, Run
from tests.cli.conftest import Cli

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
OLD, NEW = "20261022T190000Z-0a1b2c3d", "20261122T190000Z-0a1b2c3d"


@pytest.fixture
def kept(cli: Cli, in_care: Callable[[], None]) -> None:
    """A set and two proofs, of which the newer one failed."""
    in_care()
    left = (("backup-set", NEW, True, 22), ("proof", OLD, True, 2), ("proof", NEW, False, 23))
    for kind, key, holds, day in left:
        run = Run.objects.create(system="north-college", task="backup.drill", spec_version=1, requested_at=NOW)
        one = Evidence(kind, key, holds, f"{kind} {key} said so.", {"rows": 7, "seconds": 1.5})
        evidence.keep(run, [one], NOW.replace(day=day))


def test_it_is_listed_newest_first(cli: Cli, kept: None) -> None:
    lines = cli.json("evidence", "list", "north-college")
    assert [(line["kind"], line["key"], line["holds"]) for line in lines] == [
        ("proof", NEW, False), ("backup-set", NEW, True), ("proof", OLD, True),
    ]  # fmt: skip
    assert len(cli.json("evidence", "list", "north-college", "--kind", "proof")) == 2
    assert "does NOT hold" in cli("evidence", "list", "north-college").stdout
    assert "No run has left" in cli("evidence", "list", "north-college", "--kind", "none").stdout
    assert cli("evidence", "list", "south").exit_code == 2


def test_an_auditor_verifies_what_was_exported(cli: Cli, kept: None) -> None:
    file, ledger, key = cli.folder / "proof.json", cli.folder / "ledger.jsonl", cli.folder / "home/keys/ledger.pub"
    result = cli("evidence", "export", "north-college", "proof", "--to", file)
    assert result.exit_code == 0
    assert f"\nVerify: python -m schoolkeeper.ledger verify-evidence {file} --key ledger.pub\n" in result.stdout
    assert f"\nPublic key: {key} (" in result.stdout
    cli("ledger", "export", ledger)
    assert offline_verifier(["verify-evidence", str(file), "--key", str(key), "--ledger", str(ledger)]) == 0
    assert json.loads(file.read_text())["signed"]["evidence"]["key"] == NEW
    file.write_text(file.read_text().replace('"holds":false', '"holds":true'))
    assert offline_verifier(["verify-evidence", str(file), "--key", str(key)]) == 1


def test_one_of_them_is_exported_also_to_standard_output(cli: Cli, kept: None) -> None:
    file = cli.folder / "old.json"
    answer = cli.json("evidence", "export", "north-college", "proof", OLD, "--to", file)
    assert (answer["key"], answer["holds"]) == (OLD, True)
    shown = cli("evidence", "export", "north-college", "proof", OLD, "--to", "-")
    assert shown.stdout_bytes == file.read_bytes()


def test_what_there_is_not_is_said(cli: Cli, kept: None) -> None:
    for arguments, says in (
        (("south", "proof"), "known are: north-college"),
        (("north-college", "drill"), "there is: backup-set, proof"),
        (("north-college", "proof", "none"), f"the newest is {NEW}"),
    ):
        result = cli("evidence", "export", *arguments, "--to", cli.folder / "none.json")
        assert result.exit_code == 2
        assert says in result.stderr
    assert cli("evidence", "export", "north-college", "proof", "--to", Path("/none/x")).exit_code == 2
    assert not (cli.folder / "none.json").exists()


def test_altered_evidence_is_not_exported(cli: Cli, kept: None) -> None:
    EvidenceRecord.objects.filter(kind="proof", key=NEW).update(holds=True, says="It restores.")
    for command, file in ((("export", "north-college", "proof"), "x.json"), (("pdf", "north-college"), "x.pdf")):
        result = cli("evidence", *command, "--to", cli.folder / file)
        assert result.exit_code == 1
        assert "was ALTERED in the database" in result.stderr
        assert not (cli.folder / file).exists()


def test_the_page_of_a_proof(cli: Cli, kept: None) -> None:
    file = cli.folder / "proof.pdf"
    result = cli("evidence", "pdf", "north-college", OLD, "--to", file)
    assert result.exit_code == 0
    assert "pdfdetach -save 1 -o evidence.json" in result.stdout
    assert "RESTORES" in PdfReader(file).pages[0].extract_text()


def test_the_page_s_file_is_the_exported_one(cli: Cli, kept: None) -> None:
    """As docs/evidence.md says: `pdfdetach` and `cmp`."""
    for command in (("export", "north-college", "proof"), ("pdf", "north-college")):
        cli("evidence", *command, "--to", cli.folder / {"export": "proof.json", "pdf": "proof.pdf"}[command[0]])
    (said,) = re.findall(r"^```sh\n(pdfdetach.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    subprocess.run(["bash", "-ec", said], cwd=cli.folder, check=True)


def test_recoveries_over_time_are_told_beside_what_was_promised(cli: Cli, kept: None) -> None:
    with time_machine.travel(NOW, tick=False):
        told = cli.json("backups", "trend", "north-college", "--days", 40)
        text = cli("backups", "trend", "north-college", "--days", 40, "--weekly").stdout
    by_day = {one["day"]: one for one in told["stretches"]}
    assert by_day["2026-11-23"]["restores"] is False
    assert by_day["2026-11-22"]["oldest_seconds"] > 0
    assert by_day["2026-11-01"]["oldest_seconds"] is None
    assert "it did NOT restore" in text
    promised = "Promised: back within 4 h, at most 24 h of work lost. Nothing is known of 4 others."
    assert promised in " ".join(text.split())
