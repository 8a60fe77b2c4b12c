"""The heads that were put aside, read from their files: one torn line must not cost all the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.ledger.errors import LedgerError
from schoolkeeper.ledger.export import survey_heads
from schoolkeeper.ledger.head import Head
from schoolkeeper.ledger.report import Code, Fault

_NONE_KEPT = (
    "no heads are kept here: could not look whether the ledger was cut short, or exchanged for an older one"
)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Heads to compare a ledger with, in the order of their files, and what is to be said about the files."""

    heads: tuple[Head, ...] = ()
    warnings: tuple[Fault, ...] = ()

    def __add__(self, other: Anchors) -> Anchors:
        return Anchors(self.heads + other.heads, self.warnings + other.warnings)


def read(paths: Iterable[Path]) -> Anchors:
    """The heads of files that somebody keeps; a line that is not one becomes a warning.

    Raises LedgerError for a file without any head, OSError for one that cannot be opened.
    """
    anchors = Anchors()
    for path in paths:
        found, reason = _survey(path)
        if not found.heads:
            raise LedgerError(f"{path}: {reason}")
        anchors += found
    return anchors


def read_own(path: Path, *, expected: bool) -> Anchors:
    """The heads that an installation put aside itself; that there are none is a warning where some are expected.

    Raises OSError for a file that is there and cannot be opened.
    """
    found = _survey(path)[0] if path.exists() else Anchors()
    if found.heads or not expected:
        return found
    return found + Anchors(warnings=(Fault(Code.NO_ANCHORS, None, None, _NONE_KEPT),))


def _survey(path: Path) -> tuple[Anchors, str]:
    """What is in a file, and why there is no head in it (if there is none)."""
    with path.open("rb") as file:
        heads, unreadable = survey_heads(file)
    warnings = (
        Fault(
            Code.ANCHOR_UNREADABLE,
            None,
            None,
            f"line {error.line} of {path.name} was left out: {error.message}; a power cut tears a line, and so "
            "does somebody who wants a head forgotten",
        )
        for error in unreadable
    )
    reason = str(unreadable[0]) if unreadable else "there is no signed head in the file"
    return Anchors(tuple(heads), tuple(warnings)), reason
