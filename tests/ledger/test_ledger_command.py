"""The offline command, on a machine that has Python and nothing else, and with everything else forbidden."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import schoolkeeper.ledger
from schoolkeeper.ledger.__main__ import main

PACKAGE = Path(schoolkeeper.ledger.__file__ or "").parent

FORBIDDING = """
import runpy, sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        allowed = sys.stdlib_module_names | {"schoolkeeper", "cryptography", "_cffi_backend", "cffi"}
        if name.partition(".")[0] not in allowed or (
            name.startswith("schoolkeeper.") and not name.startswith("schoolkeeper.ledger")
        ):
            raise ModuleNotFoundError(f"the verifier must not need {name}")
sys.meta_path.insert(0, Forbid())
sys.path.insert(0, sys.argv[1])
sys.argv = ["ledger", *sys.argv[2:]]
runpy.run_module("schoolkeeper.ledger", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def files(tmp_path: Path, book: Any) -> Path:
    """A folder with an export, the public key, and heads kept from before."""
    (tmp_path / "export.jsonl").write_bytes(b"".join(book.lines()))
    (tmp_path / "older.jsonl").write_bytes(b"".join(book.lines(6)))
    (tmp_path / "edited.jsonl").write_bytes(b"".join(book.lines()).replace(b'"rows":28', b'"rows":29'))
    (tmp_path / "key.pub").write_text(book.pinned.pem)
    (tmp_path / "heads.jsonl").write_bytes(book.head(4).line() + book.head(9).line())
    return tmp_path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The package alone in a folder, as an auditor would copy it."""
    package = tmp_path / "bare" / "schoolkeeper"
    shutil.copytree(PACKAGE, package / "ledger", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text("")
    return tmp_path / "bare"


def run_bare(bare: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the module with the standard library alone (-S: no installed packages at all)."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "schoolkeeper.ledger", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(bare), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_chain_is_verified_with_python_alone(bare: Path, files: Path) -> None:
    good = run_bare(bare, files, "verify", "export.jsonl", "--anchor", "heads.jsonl")
    assert (good.returncode, good.stderr) == (0, "")
    assert "signature NOT CHECKED" in good.stdout
    edited = run_bare(bare, files, "verify", "edited.jsonl")
    assert edited.returncode == 1
    assert "FAULT edited (line 6, entry 5)" in edited.stdout
    older = run_bare(bare, files, "verify", "older.jsonl", "--anchor", "heads.jsonl")
    assert older.returncode == 1
    assert "anchor_missing" in older.stdout


def test_a_key_without_the_library_is_could_not_look(bare: Path, files: Path) -> None:
    run = run_bare(bare, files, "verify", "export.jsonl", "--public-key", "key.pub")
    assert run.returncode == 3
    assert "could not look at the signature" in run.stdout
    edited = run_bare(bare, files, "verify", "edited.jsonl", "--public-key", "key.pub")
    assert edited.returncode == 1


def test_nothing_but_cryptography_is_imported(bare: Path, files: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORBIDDING, str(bare), "verify", "export.jsonl", "--public-key", "key.pub"],
        cwd=files,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "good, by the pinned key" in run.stdout


def test_a_terminal_without_letters_still_gets_the_result(files: Path) -> None:
    name = "maktab-oquvçi"
    content = (
        (files / "export.jsonl").read_bytes().replace(b'"instance":"north"', f'"instance":"{name}"'.encode(), 1)
    )
    (files / "renamed.jsonl").write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-m", "schoolkeeper.ledger", "verify", "renamed.jsonl"],
        cwd=files,
        env={"PYTHONPATH": str(PACKAGE.parent.parent), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert "maktab-oquv\\xe7i" in run.stdout


def test_everything_given_and_everything_fine(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--public-key", str(files / "key.pub"), "--anchor", str(files / "heads.jsonl")]
    arguments += ["--anchor", str(files / "older.jsonl")]
    assert main(["verify", str(files / "export.jsonl"), *arguments]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Entries: 12, 2026-01-31T08:00:00.000000Z to 2026-01-31T08:11:00.000011Z"
    assert said[2] == "Anchors: 3 of 3 found in the ledger"
    assert said[-1] == "Result: no fault found"


def test_the_answer_as_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(files / "edited.jsonl"), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["faults"][0]["code"]) == (False, "edited")
    assert main(["verify", str(files / "none.jsonl"), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert "No such file" in answer["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.jsonl"],
        ["."],
        ["export.jsonl", "--public-key", "none.pub"],
        ["export.jsonl", "--public-key", "heads.jsonl"],
        ["export.jsonl", "--anchor", "none.jsonl"],
        ["export.jsonl", "--anchor", "key.pub"],
    ],
)
def test_what_cannot_be_looked_at(
    files: Path, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    assert main(["verify", *arguments]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("could not look: ")
    assert arguments[-1] in said.err


@pytest.mark.parametrize("arguments", [[], ["verify"], ["burn", "x"], ["verify", "x", "--loud"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_torn_line_among_the_heads_costs_only_itself(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (files / "heads.jsonl").read_bytes()
    (files / "torn.jsonl").write_bytes(whole[:100] + b"\n" + whole)
    assert main(["verify", str(files / "export.jsonl"), "--anchor", str(files / "torn.jsonl")]) == 0
    said = capsys.readouterr().out
    assert "Anchors: 2 of 2 found in the ledger" in said
    assert "Warning anchor_unreadable: line 1 of torn.jsonl was left out" in said
