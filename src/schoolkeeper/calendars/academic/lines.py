"""The lines of an iCalendar text: whether they are well made, and where each event's properties stand. Pure.

The parser that reads the events does not say where it stumbled; a person with a file open needs the line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from schoolkeeper.kernel.errors import Invalid

WHAT = "calendar"
LONGEST = 4_000_000
_BREAK = re.compile(r"\r\n|\n|\r")
_CONTENT = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?:;(?:[^\":]|\"[^\"]*\")*)?:(?P<value>.*)", re.DOTALL)
_WEB_PAGE = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


@dataclass(slots=True)
class Place:
    """Where an event begins, and the line of each of its properties by name; lines count from 1."""

    line: int
    lines: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int:
        return self.lines.get(name, self.line)


def places(text: str) -> list[Place]:
    """The events of a text in their order. Raises Invalid naming the line at which it is no iCalendar."""
    if len(text) > LONGEST:
        raise Invalid(WHAT, [f"it is longer than {LONGEST / 1_000_000:.0f} million letters; export fewer years"])
    if _WEB_PAGE.match(text):
        _refuse(1, "this is a web page; give the address of the calendar itself, which often ends in .ics")
    open_parts: list[tuple[str, int]] = []
    found: list[Place] = []
    for number, line in _unfolded(text):
        match = _CONTENT.fullmatch(line)
        if not open_parts and (match is None or line.strip().upper() != "BEGIN:VCALENDAR"):
            _refuse(number, "an iCalendar file begins with BEGIN:VCALENDAR; export the calendar as .ics")
        if match is None:
            _refuse(number, "no property: a line is written NAME:value, and one that goes on begins with a space")
        name, value = match["name"].upper(), match["value"].strip().upper()
        if name == "BEGIN":
            open_parts.append((value, number))
            if value == "VEVENT":
                found.append(Place(number))
        elif name == "END":
            begun, at = open_parts.pop()
            if begun != value:
                _refuse(number, f"END:{value} closes what is not open; {begun}, begun in line {at}, has no END")
        elif open_parts[-1][0] == "VEVENT":
            found[-1].lines.setdefault(name, number)
    if open_parts:
        begun, at = open_parts[-1]
        _refuse(at, f"{begun} begins here and has no END: the file was cut short, export or upload it again")
    if not found:
        _refuse(1, "it holds no event (VEVENT); export the calendar with its entries, or take the source away")
    return found


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines with the number of the first of their pieces; empty ones are left out."""
    begun, whole = 0, ""
    for number, piece in enumerate(_BREAK.split(text.removeprefix("\ufeff")), start=1):
        if whole and piece[:1] in (" ", "\t"):
            whole += piece[1:]
            continue
        if whole.strip():
            yield begun, whole
        begun, whole = number, piece
    if whole.strip():
        yield begun, whole


def _refuse(line: int, says: str) -> NoReturn:
    raise Invalid(WHAT, [f"line {line}: {says}"])
