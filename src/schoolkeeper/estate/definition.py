"""Reading a system definition: all faults at once, each with its place in the file."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schoolkeeper import profiles
from schoolkeeper.connectors.system import KINDS, System
from schoolkeeper.estate import places
from schoolkeeper.kernel.errors import Invalid

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")
# pydantic puts the discriminator's value into the place of an error below a component; it is no key of the file.


def read(path: Path) -> System:
    """The system that a file defines. Raises Invalid listing every fault as `file:line: place: what to do`."""
    return parse(text_of(path), str(path))


def text_of(path: Path) -> str:
    """The text of a file that a person wrote. Raises Invalid when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(str(path), [f"{path}: the file cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise Invalid(str(path), [f"{path}: the file is not UTF-8 text"]) from error


def parse(text: str, name: str = "definition") -> System:
    """The system that a TOML text defines; `name` stands for the file in messages."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(name, [f"{name}: not TOML: {error}"]) from error
    faults = list(_unknown_tables(document))
    table = document.get("system")
    table = table if isinstance(table, dict) else {}
    data = {**table, "components": document.get("components", {})}
    if "components" in table:
        faults.append((("components",), "components stand in tables of their own: [components.NAME]"))
    system = None
    try:
        system = System.model_validate(data)
        faults += places.faults(system)
    except ValidationError as error:
        faults += [_fault(detail) for detail in error.errors()]
    if isinstance(data.get("profile"), str) and data["profile"] not in profiles.available():
        known = ", ".join(profiles.available())
        faults.append((("system", "profile"), f"there is no profile {data['profile']!r}; known are: {known}"))
    if faults or system is None:
        raise Invalid(
            name, [f"{name}:{line_of(text, place)}: {'.'.join(place)}: {says}" for place, says in faults]
        )
    return system


def line_of(text: str, place: Sequence[str]) -> int:
    """The line (from 1) of a key, or of the nearest table or key above it that the file has."""
    best, best_depth, table = 1, 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = [part.strip().strip('"') for part in header[1].split(".")]
            found = table
        elif key := _KEY.match(line):
            found = [*table, key[1].strip('"')]
        else:
            continue
        depth = min(len(found), len(place))
        if found[:depth] == list(place[:depth]) and depth > best_depth:
            best, best_depth = number, depth
    return best


def _unknown_tables(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in document.keys() - {"system", "components"}:
        yield (key,), "unknown; a definition has the tables [system] and [components.NAME]"
    if not isinstance(document.get("system"), dict):
        yield ("system",), "missing: begin the file with [system]"


def _fault(detail: ErrorDetails) -> tuple[tuple[str, ...], str]:
    place = [str(part) for part in detail["loc"]]
    if place and place[0] == "components":
        place = [part for index, part in enumerate(place) if index != 2 or part not in KINDS]
    else:
        place = ["system", *place]
    return tuple(place), _wording(detail)


def _wording(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return "missing"
        case "extra_forbidden":
            return "unknown key"
        case "union_tag_invalid":
            return f"unknown kind {detail['ctx']['tag']!r}; known are: {detail['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return f"has no kind; known are: {', '.join(sorted(KINDS))}"
        case _:
            return detail["msg"].removeprefix("Value error, ")
