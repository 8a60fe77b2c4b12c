"""`verify-evidence` as an auditor runs it: the package alone, and what it answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.test_evidence_verify import BOOK, KEY, TEXT
from tests.ledger.test_ledger_command import FORBIDDING, bare, run_bare

from schoolkeeper.ledger.__main__ import main

__all__ = ["bare"]

GIVEN = ("proof.json", "--key", "ledger.pub")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "proof.json").write_bytes(TEXT)
    (tmp_path / "altered.json").write_bytes(TEXT.replace(b'"holds":false', b'"holds":true'))
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(BOOK.lines()))
    (tmp_path / "older.jsonl").write_bytes(b"".join(BOOK.lines(3)))
    (tmp_path / "ledger.pub").write_text(KEY.pem)
    return tmp_path


def verified(files: Path, *arguments: str) -> int:
    return main(["verify-evidence", *(str(files / one) if "." in one else one for one in arguments)])


def test_genuine(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(files, *GIVEN, "--ledger", "ledger.jsonl", "--anchor", "older.jsonl") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(
        "Evidence: proof 20260131T080000Z-0a1b2c3d of north-college, kept 2026-01-31T08:00:00"
    )
    assert said[-1] == "Result: genuine; no byte was changed since it was signed"


def test_altered(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(files, "altered.json", "--key", "ledger.pub") == 1
    assert "FAULT bad_signature" in capsys.readouterr().out
    assert verified(files, "altered.json", "--key", "ledger.pub", "--json") == 1
    answer: Any = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["is_signed"], answer["faults"][0]["code"]) == (False, False, "bad_signature")
    assert verified(files, "proof.json", "--key", "ledger.pub", "--ledger", "older.jsonl") == 1
    assert "ask for a newer export" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("none.json", "--key", "ledger.pub"),
        ("proof.json", "--key", "none.pub"),
        ("proof.json", "--key", "proof.json"),
        (*GIVEN, "--ledger", "none.jsonl"),
        (*GIVEN, "--anchor", "older.jsonl"),
    ],
)
def test_what_cannot_be_looked_at(
    files: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert verified(files, *arguments) == 3
    assert capsys.readouterr().err.startswith("could not look: ")


def test_the_key_must_be_given(files: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        verified(files, "proof.json")
    assert ended.value.code == 2


def test_it_needs_the_package_and_cryptography_alone(bare: Path, files: Path) -> None:
    command = [sys.executable, "-c", FORBIDDING, str(bare), "verify-evidence", *GIVEN]
    run = subprocess.run(command, cwd=files, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def test_without_cryptography_it_could_not_look(bare: Path, files: Path) -> None:
    run = run_bare(bare, files, "verify-evidence", *GIVEN)
    assert run.returncode == 3
    assert "Signature: NOT CHECKED" in run.stdout
    assert run_bare(bare, files, "verify-evidence", *GIVEN, "--ledger", "older.jsonl").returncode == 1
