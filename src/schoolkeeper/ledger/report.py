"""What the verifier found, as data and as sentences."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schoolkeeper.ledger.canonical import time_text


class Code(StrEnum):
    """What is wrong; the codes never change, the sentences may."""

    UNREADABLE = "unreadable"
    NOT_CANONICAL = "not_canonical"
    HEADER_MISSING = "header_missing"
    HEADER_MISPLACED = "header_misplaced"
    HEADER_CHANGED = "header_changed"
    EDITED = "edited"
    BROKEN_LINK = "broken_link"
    MISSING = "missing"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    HEAD_MISSING = "head_missing"
    HEAD_MISMATCH = "head_mismatch"
    CUT_TAIL = "cut_tail"
    UNSIGNED_TAIL = "unsigned_tail"
    TRAILING = "trailing"
    WRONG_KEY = "wrong_key"
    BAD_SIGNATURE = "bad_signature"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_CONTRADICTED = "anchor_contradicted"
    ANCHOR_FORGED = "anchor_forged"
    ANCHOR_FOREIGN = "anchor_foreign"
    TIME_BACKWARDS = "time_backwards"
    ANCHOR_OTHER_KEY = "anchor_other_key"
    ANCHOR_UNREADABLE = "anchor_unreadable"
    NO_ANCHORS = "no_anchors"


class HeadStatus(StrEnum):
    """What the signature of the head is worth."""

    SIGNED = "signed"  # by the pinned key
    NOT_PINNED = "not_pinned"  # by the key that the file itself carries: proves nothing about who made the file
    UNCHECKED = "unchecked"  # could not be looked at
    BAD = "bad"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing found: `line` counts from 1; None where no line or no entry is to blame."""

    code: Code
    line: int | None
    sequence: int | None
    message: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        entry = f"entry {self.sequence}" if self.sequence else ""
        place = ", ".join(filter(None, (line, entry)))
        return f"{self.code}{f' ({place})' if place else ''}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verifier's answer. `faults` and `warnings` are cut at a limit; `more_*` count what was left out."""

    entries: int
    faults: tuple[Fault, ...]
    more_faults: int
    warnings: tuple[Fault, ...]
    more_warnings: int
    first_at: datetime | None
    last_at: datetime | None
    instance: str | None
    head_status: HeadStatus
    head_sequence: int | None
    head_at: datetime | None
    key_id: str | None
    key_pinned: bool
    anchors: int
    anchors_met: int

    @property
    def looked(self) -> bool:
        """False if a key was pinned and yet the signature could not be looked at."""
        return not (self.key_pinned and self.head_status is HeadStatus.UNCHECKED)

    @property
    def ok(self) -> bool:
        """No fault, and all that was asked for was looked at.

        Without a pinned key a file that someone made anew is also ok: see `head_status`.
        """
        return not self.faults and self.looked

    def as_json(self) -> dict[str, object]:
        """The report as JSON values."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "instance": self.instance,
            "first_at": _time(self.first_at),
            "last_at": _time(self.last_at),
            "head": {
                "status": self.head_status.value,
                "sequence": self.head_sequence,
                "at": _time(self.head_at),
                "key_id": self.key_id,
            },
            "key_pinned": self.key_pinned,
            "anchors": self.anchors,
            "anchors_met": self.anchors_met,
            "faults": [_fault(fault) for fault in self.faults],
            "more_faults": self.more_faults,
            "warnings": [_fault(warning) for warning in self.warnings],
            "more_warnings": self.more_warnings,
        }

    def sentences(self) -> list[str]:
        """The report for people, one line each.

        What comes from the file is shown without control characters: it must not be able to write on the
        reader's terminal something that the verifier did not say.
        """
        span = f", {_time(self.first_at)} to {_time(self.last_at)}" if self.first_at else ""
        said = [f"Entries: {self.entries}{span}", f"Head: {self._head()}"]
        if self.anchors:
            said.append(f"Anchors: {self.anchors_met} of {self.anchors} found in the ledger")
        said += [f"FAULT {fault}" for fault in self.faults]
        if self.more_faults:
            said.append(f"and {self.more_faults} more faults")
        said += [f"Warning {warning}" for warning in self.warnings]
        if self.more_warnings:
            said.append(f"and {self.more_warnings} more warnings")
        return [printable(line) for line in (*said, f"Result: {self._result()}")]

    def _head(self) -> str:
        named = f"entry {self.head_sequence}, signed {_time(self.head_at)}, key {self.key_id}"
        match self.head_status:
            case HeadStatus.SIGNED:
                return f"{named}: good, by the pinned key"
            case HeadStatus.NOT_PINNED:
                return f"{named}: NOT PINNED, it fits the key in the file itself; anybody can make such a file"
            case HeadStatus.UNCHECKED:
                return f"{named}: signature NOT CHECKED"
            case HeadStatus.BAD:
                return f"{named}: BAD"
            case HeadStatus.MISSING:
                return "missing"

    def _result(self) -> str:
        if count := len(self.faults) + self.more_faults:
            return f"{count} fault{'s' if count > 1 else ''} found"
        if not self.looked:
            return "no fault in the chain; could not look at the signature (cryptography is missing)"
        if any(warning.code is Code.NO_ANCHORS for warning in self.warnings):
            return "no fault found in the chain; no heads are kept here, so a cut tail would not be seen"
        if self.head_status is HeadStatus.SIGNED:
            return "no fault found"
        return "no fault found in the chain; who made the file is not proven (give the public key you keep)"


def printable(line: str) -> str:
    """A line for a terminal, without control characters that would steer it."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def _fault(fault: Fault) -> dict[str, object]:
    return {
        "code": fault.code.value,
        "line": fault.line,
        "sequence": fault.sequence,
        "message": fault.message,
    }


def _time(at: datetime | None) -> str | None:
    return time_text(at) if at else None
