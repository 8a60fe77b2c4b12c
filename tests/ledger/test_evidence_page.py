"""The page for the auditor, followed command by command with the real programs."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ledger.test_evidence_verify import BOOK, KEY, PRIVATE, STATEMENT, TEXT, book_with

from schoolkeeper.ledger.evidence import sign

PAGE = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
OF_THE_PDF = [command for command in COMMANDS if "pdfdetach" in command]
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "proof.json").write_bytes(TEXT)
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(BOOK.lines()))
    (tmp_path / "earlier.jsonl").write_bytes(b"".join(BOOK.lines(3)))
    (tmp_path / "ledger.pub").write_text(KEY.pem)
    return tmp_path


def follow(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-ec", command],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OF_THE_PDF])
def test_every_command_is_content_with_genuine_evidence(files: Path, command: str) -> None:
    done = follow(command, files)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    if "sha256sum" in command and "DER" in command:
        assert KEY.key_id in done.stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if "verify" in command])
def test_every_verification_finds_an_altered_answer(files: Path, command: str) -> None:
    (files / "proof.json").write_bytes(TEXT.replace(b'"holds":false', b'"holds":true'))
    assert follow(command, files).returncode == 1


def test_by_hand_the_ledger_s_digest_is_found_to_differ(files: Path) -> None:
    (command,) = [command for command in COMMANDS if "evidence_sha256" in command]
    (files / "proof.json").write_bytes(TEXT.replace(b'"holds":false', b'"holds":true'))
    assert follow(command, files).returncode == 1


def test_by_hand_data_that_looks_like_the_format_confuses_nobody(files: Path) -> None:
    statement = replace(STATEMENT, data={"a": {"b": 1, "format": "schoolkeeper-evidence/1", "instance": "x"}})
    book = book_with(statement)
    (files / "proof.json").write_bytes(sign(statement, book.entries[5], PRIVATE, instance="north").line())
    (files / "ledger.jsonl").write_bytes(b"".join(book.lines()))
    (command,) = [command for command in COMMANDS if "evidence_sha256" in command]
    assert follow(command, files).returncode == 0


@pytest.mark.parametrize("program", ["jq", "openssl", "xxd", "pdfdetach"])
def test_the_programs_of_the_page_are_here(program: str) -> None:
    assert shutil.which(program), f"install it: apt-get install {program}"
