"""Golden records: a few rows and pages of which is remembered what production showed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.rehearsal.places import fill
from schoolkeeper.connectors.rehearsal.restored import Copy
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.profiles.model import Golden, JourneyStep, Profile

MOST_ROWS = 50
Row = dict[str, Any]
GoldenRows = dict[str, list[Row]]
"""The rows by the name of their golden record, as JSON keeps them. They are about people: to be kept encrypted."""
_WRITTEN = {"'": "(?:'|&apos;)", '"': '(?:"|&quot;)', "<": "(?:<|&lt;)", ">": "(?:>|&gt;)", "&": "(?:&|&amp;)"}


def golden_rows(ask: Callable[[str], Sequence[Mapping[str, Any]]], profile: Profile) -> GoldenRows:
    """What the profile's golden queries answer, to be kept with a set.

    `ask` must answer as of the moment that is saved, else a change in between looks like damage. A query that
    fails has no entry, and the rehearsal says that nothing is known about it. Raises Temporary.
    """
    saved: GoldenRows = {}
    for golden in profile.golden:
        try:
            saved[golden.name] = _plain(ask(golden.query))
        except (Permanent, QueryFailed, Unreachable):
            continue
    return saved


def row_faults(golden: Golden, saved: GoldenRows, copy: Copy) -> Iterator[Fault]:
    """Where the copy's rows are not those that were saved. Names columns, never values."""
    if (expected := saved.get(golden.name)) is None:
        yield _unknown(golden, "the set holds no rows of it")
        return
    if not expected:
        yield _unknown(golden, "the system had no such record when the set was taken", level="warning")
    try:
        found = _plain(copy.rows(golden.query))
    except QueryFailed as error:
        yield _differs(golden.name, "the query works as it did", f"it fails on the copy ({error})")
        return
    if len(found) != len(expected):
        yield _differs(golden.name, f"{len(expected)} records", f"{len(found)} records")
        return
    for number, (before, after) in enumerate(zip(expected, found, strict=True), 1):
        names = sorted(before.keys() | after.keys())
        if differing := [name for name in names if before.get(name) != after.get(name)]:
            yield _differs(f"{golden.name} {number}", "the row that was saved", f"another {', '.join(differing)}")


def pages(golden: Golden, saved: GoldenRows) -> list[JourneyStep]:
    """A step for each saved row: its page, with what it must show, however that is written in HTML."""
    if not golden.path:
        return []
    return [
        JourneyStep(
            name=f"{golden.name} {number}",
            path=fill(golden.path, {name: quote(text, safe="") for name, text in _texts(row).items()}),
            capture={text: f"({shown(fill(text, _texts(row)))})" for text in golden.contains},
        )
        for number, row in enumerate(saved.get(golden.name, []), 1)
    ]


def shown(text: str) -> str:
    """A regular expression for a text as a page may write it: entities for special characters, any white space."""
    return r"\s+".join("".join(map(_character, word)) for word in text.split())


def page_fault(name: str, problem: str) -> Fault:
    """A golden page that is not as it should be."""
    missing = re.search(r"nothing to take '(.*)' from", problem)
    found = f"it does not show {missing[1]}" if missing else problem
    return _differs(name, "the page as production shows it", found)


def _character(character: str) -> str:
    written = re.escape(character) if character not in _WRITTEN else _WRITTEN[character]
    if character.isalnum() and character.isascii():
        return written
    return f"(?:{written}|&#0*{ord(character)};|&#[xX]0*(?i:{ord(character):x});)"


def _texts(row: Row) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [{str(name): _value(value) for name, value in row.items()} for row in rows[:MOST_ROWS]]


def _value(value: Any) -> Any:
    """A value that JSON keeps as it is, so that what was saved can be compared with what is found."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal() | UUID() | timedelta():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(name): _value(item) for name, item in value.items()}
        case list() | tuple():
            return [_value(item) for item in value]
        case _:
            return str(value)


def _differs(subject: str, expected: str, found: str) -> Fault:
    return Fault(code="golden_differs", subject=subject, expected=expected, found=found)


def _unknown(golden: Golden, found: str, level: Any = "unknown") -> Fault:
    return Fault(code="unknown", subject=golden.name, expected="a golden record", found=found, level=level)
