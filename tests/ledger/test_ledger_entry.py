"""Entries are chained by a digest that others can compute."""

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import schoolkeeper.ledger
from schoolkeeper.ledger.entry import GENESIS, LARGEST_ENTRY_BYTES, Entry, seal
from schoolkeeper.ledger.errors import EntryError

FIELDS: dict[str, Any] = {
    "at": datetime(2026, 1, 31, 8, 0, tzinfo=UTC),
    "kind": "run.finished",
    "system": "north",
    "actor": "keeper",
    "subject": "run-1",
    "data": {"rows": 3, "name": "Zoë"},
}


def test_the_digest_is_what_the_format_says() -> None:
    body = (
        '{"actor":"keeper","at":"2026-01-31T08:00:00.000000Z","data":{"name":"Zoë","rows":3},'
        '"kind":"run.finished","sequence":1,"subject":"run-1","system":"north"}'
    )
    digest = hashlib.sha256(f"schoolkeeper-ledger-v1\n{GENESIS}\n{body}".encode()).hexdigest()
    entry = seal(None, **FIELDS)
    assert (entry.sequence, entry.previous, entry.digest) == (1, GENESIS, digest)
    assert entry.line().decode() == f'{{"digest":"{digest}","entry":{body},"previous":"{GENESIS}"}}\n'
    # A golden value: the digests of ledgers that exist must never change.
    assert digest == "8d3bf846e866ea27a3c85df3bf99982ece38ad4f2ae5a8e50b7fedfddbc5d3f0"


def test_entries_continue_each_other() -> None:
    first = seal(None, **FIELDS)
    second = seal(first, **FIELDS)
    assert (second.sequence, second.previous) == (2, first.digest)
    assert second.digest != first.digest


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2},
        {"at": FIELDS["at"] + timedelta(microseconds=1)},
        {"kind": "run.failed"},
        {"system": "south"},
        {"actor": "Keeper"},
        {"subject": ""},
        {"data": {"rows": "3", "name": "Zoë"}},
        {"data": {}},
        {"previous": "1" + GENESIS[1:]},
    ],
)
def test_every_field_counts(change: dict[str, Any]) -> None:
    entry = seal(None, **FIELDS)
    assert replace(entry, **change).true_digest() != entry.digest


def test_the_zone_in_which_a_time_is_given_does_not_count() -> None:
    elsewhere = FIELDS["at"].astimezone(timezone(timedelta(hours=5)))
    entry = seal(None, **{**FIELDS, "at": elsewhere})
    assert entry == seal(None, **FIELDS)
    assert entry.at.tzinfo is UTC


def test_an_entry_keeps_its_own_copy_of_the_data() -> None:
    data = {"rows": [1]}
    entry = seal(None, **{**FIELDS, "data": data})
    data["rows"].append(2)
    assert entry.true_digest() == entry.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": ""}, "kind must not be empty"),
        ({"kind": 5}, "kind must be text"),
        ({"actor": "a\x00"}, "actor contains"),
        ({"data": [1]}, "data must be a mapping"),
        ({"data": {"load": 0.5}}, "float"),
        ({"at": datetime(2026, 1, 1)}, "no time zone"),  # noqa: DTZ001 - the naive time is the point
        ({"data": {"x": "x" * LARGEST_ENTRY_BYTES}}, "bytes; at most"),
    ],
)
def test_what_cannot_be_sealed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EntryError, match=message):
        seal(None, **{**FIELDS, **change})


def test_an_entry_changed_in_the_database_can_still_be_written() -> None:
    changed: dict[str, Any] = {"load": 0.5, "big": 2**70}
    entry = replace(seal(None, **FIELDS), data=changed)
    assert b'"load":0.5' in entry.line()


def documented_script() -> str:
    """The shell loop of the package's docstring."""
    documentation = schoolkeeper.ledger.__doc__ or ""
    script = documentation[documentation.index("    previous=$(") : documentation.index("    done < export.jsonl")]
    return script + "    done < export.jsonl\n"


def run_documented_script(folder: Path, lines: list[bytes]) -> str:
    (folder / "export.jsonl").write_bytes(b"".join(lines))
    run = subprocess.run(
        ["bash", "-c", documented_script()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stderr == ""
    return run.stdout


def test_the_documented_shell_script_agrees(tmp_path: Path, make_book: Callable[..., Any]) -> None:
    lines = make_book(5).lines()
    assert run_documented_script(tmp_path, lines) == ""
    edited = [*lines[:2], lines[2].replace(b'"rows":7', b'"rows":8'), *lines[3:]]
    assert edited != lines
    assert run_documented_script(tmp_path, edited).count("wrong:") == 2
    assert run_documented_script(tmp_path, [*lines[:2], *lines[3:]]).count("wrong:") == 1


def test_entries_compare_by_value() -> None:
    first: Entry = seal(None, **FIELDS)
    assert first == seal(None, **FIELDS)
