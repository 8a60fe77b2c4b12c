"""Look at an export and say everything that is wrong with it.

What can be found depends on what the auditor keeps elsewhere:

* Nothing kept: edits, deletions, insertions, reordering, a cut tail and damage by someone who did not
  rebuild the chain and sign it with a key of their own. A wholly rebuilt file is *not* found; the report
  says "not pinned".
* The public key kept (`public_key`): every file that the holder of the private key did not sign, rebuilt ones
  included. An older export, once genuine and put in the place of a newer one, is *not* found.
* Older signed heads kept (`anchors`): also the older export, and a history rewritten by the holder of the
  private key before the newest anchor. What was rewritten after the newest anchor by that holder is not
  found by any means.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from schoolkeeper.ledger import export
from schoolkeeper.ledger.entry import GENESIS, Entry
from schoolkeeper.ledger.errors import CannotCheck, FormatError
from schoolkeeper.ledger.export import Header
from schoolkeeper.ledger.head import Head, check
from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.ledger.report import Code, Fault, HeadStatus, Report

LIMIT = 100
"""How many faults, and how many warnings, a report names before it only counts."""

LONGEST_MESSAGE = 500
"""Messages quote the file, which may hold anything; this many characters of one are kept."""


def verify(
    lines: Iterable[bytes],
    public_key: PublicKey | None = None,
    anchors: Iterable[Head] = (),
    warnings: Iterable[Fault] = (),
) -> Report:
    """Verify the lines of an export (with their newlines, as `export.split` or `export.lines` give them).

    Constant memory, one pass. No content makes it raise: whatever is in the lines ends as a fault. Every
    line must be in canonical form to the byte, so that no change, not even of whitespace, goes unseen.
    `warnings` are about the anchors' files; the report begins with them.
    """
    verifier = _Verifier(public_key, tuple(anchors))
    for warning in warnings:
        verifier.warnings.add(warning.code, warning.message, warning.line, warning.sequence)
    for line in lines:
        verifier.take(line)
    return verifier.finish()


class _Findings:
    """Faults or warnings up to the limit; counts the rest."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.more = 0

    def add(self, code: Code, message: str, line: int | None = None, sequence: int | None = None) -> None:
        if len(self.kept) < LIMIT:
            self.kept.append(Fault(code, line, sequence, message[:LONGEST_MESSAGE]))
        else:
            self.more += 1


class _Verifier:
    def __init__(self, pinned: PublicKey | None, anchors: tuple[Head, ...]) -> None:
        self.pinned = pinned
        self.anchors = anchors
        self.waiting: dict[int, list[Head]] = defaultdict(list)
        for anchor in anchors:
            self.waiting[anchor.sequence].append(anchor)
        self.faults = _Findings()
        self.warnings = _Findings()
        self.line = 0
        self.entries = 0
        self.trailing = 0
        self.sequence = 0
        self.digest = GENESIS
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self.header: Header | None = None
        self.head: Head | None = None
        self.head_line: int | None = None
        self.anchors_met = 0
        self._meet_anchors()

    # Line by line

    def take(self, line: bytes) -> None:
        self.line += 1
        if self.head is not None:
            self.trailing += 1
            return
        try:
            part = export.parse(line)
        except FormatError as error:
            self.faults.add(Code.UNREADABLE, error.message, self.line)
            return
        if part.line() != line:
            self.faults.add(Code.NOT_CANONICAL, "the line is not in canonical form: it was touched", self.line)
        match part:
            case Header():
                self._take_header(part)
            case Entry():
                self._take_entry(part)
            case Head():
                self.head, self.head_line = part, self.line

    def _take_header(self, header: Header) -> None:
        if self.line > 1:
            self.faults.add(Code.HEADER_MISPLACED, "a header stands where none belongs", self.line)
        else:
            self.header = header

    def _take_entry(self, entry: Entry) -> None:
        self.entries += 1
        expected = self.sequence + 1
        if entry.true_digest() != entry.digest:
            self.faults.add(Code.EDITED, "the content does not fit its digest", self.line, entry.sequence)
            # Its own number may be what was edited; its link tells as well where it belongs.
            if entry.previous == self.digest or entry.sequence == expected:
                self._advance(expected, entry)
                return
        if entry.sequence < expected:
            self._out_of_place(entry)
            return
        if entry.sequence > expected:
            self.faults.add(Code.MISSING, _missing(expected, entry.sequence - 1), self.line, expected)
        elif entry.previous != self.digest:
            message = "it does not continue the entry before it: that one was replaced, or this one was inserted"
            self.faults.add(Code.BROKEN_LINK, message, self.line, entry.sequence)
        self._advance(entry.sequence, entry)

    def _out_of_place(self, entry: Entry) -> None:
        if entry.sequence == self.sequence:
            self.faults.add(Code.REPEATED, "its number was used by the entry before it", self.line, entry.sequence)
        else:
            message = f"it stands after entry {self.sequence}"
            self.faults.add(Code.OUT_OF_ORDER, message, self.line, entry.sequence)

    def _advance(self, sequence: int, entry: Entry) -> None:
        self.sequence, self.digest = sequence, entry.digest
        if self.last_at is not None and entry.at < self.last_at:
            message = "its time is before that of the entry before it: the clock was set back"
            self.warnings.add(Code.TIME_BACKWARDS, message, self.line, entry.sequence)
        self.first_at = self.first_at or entry.at
        self.last_at = entry.at
        self._meet_anchors()

    def _meet_anchors(self) -> None:
        for anchor in self.waiting.pop(self.sequence, ()):
            if anchor.digest == self.digest:
                self.anchors_met += 1
            else:
                message = "an anchor names another digest for this entry: the history was rewritten"
                self.faults.add(Code.ANCHOR_CONTRADICTED, message, self.line or None, self.sequence)

    # At the end

    def finish(self) -> Report:
        if self.header is None:
            self.faults.add(Code.HEADER_MISSING, "the file does not begin with a header", 1)
        if self.trailing:
            message = f"{self.trailing} lines follow the head, which must be the last line"
            self.faults.add(Code.TRAILING, message, (self.head_line or 0) + 1)
        key = self.pinned or (self.header.public_key if self.header else None)
        status = self._judge_head(key)
        self._judge_anchors(key)
        return Report(
            entries=self.entries,
            faults=tuple(self.faults.kept),
            more_faults=self.faults.more,
            warnings=tuple(self.warnings.kept),
            more_warnings=self.warnings.more,
            first_at=self.first_at,
            last_at=self.last_at,
            instance=self.header.instance if self.header else None,
            head_status=status,
            head_sequence=self.head.sequence if self.head else None,
            head_at=self.head.at if self.head else None,
            key_id=self.head.key_id if self.head else None,
            key_pinned=self.pinned is not None,
            anchors=len(self.anchors),
            anchors_met=self.anchors_met,
        )

    def _judge_head(self, key: PublicKey | None) -> HeadStatus:
        if self.pinned and self.header and self.header.public_key != self.pinned:
            self.faults.add(Code.WRONG_KEY, "the header carries another key than the pinned one", 1)
        if self.head is None:
            self.faults.add(Code.HEAD_MISSING, "the file does not end with a signed head: its tail was cut")
            return HeadStatus.MISSING
        self._judge_place(self.head)
        if self.header and self.header.instance != self.head.instance:
            message = f"the header says {self.header.instance!r}, the head {self.head.instance!r}"
            self.faults.add(Code.HEADER_CHANGED, message, 1)
        if key is None:
            return HeadStatus.UNCHECKED
        return self._judge_signature(self.head, key)

    def _judge_place(self, head: Head) -> None:
        line = self.head_line
        if head.sequence > self.sequence:
            message = f"the head names entry {head.sequence}, the file ends with {self.sequence}: its tail was cut"
            self.faults.add(Code.CUT_TAIL, message, line)
        elif head.sequence < self.sequence:
            message = f"the head names entry {head.sequence}, and entries up to {self.sequence} follow it unsigned"
            self.faults.add(Code.UNSIGNED_TAIL, message, line)
        elif head.digest != self.digest:
            self.faults.add(Code.HEAD_MISMATCH, "the head names another digest for the last entry", line)

    def _judge_signature(self, head: Head, key: PublicKey) -> HeadStatus:
        if head.key_id != key.key_id:
            whose = "the pinned key" if self.pinned else "the key in the header"
            self.faults.add(Code.WRONG_KEY, f"the head was signed with another key than {whose}", self.head_line)
            return HeadStatus.BAD
        try:
            good = check(head, key)
        except CannotCheck:
            return HeadStatus.UNCHECKED
        if not good:
            self.faults.add(Code.BAD_SIGNATURE, "the signature of the head is wrong", self.head_line)
            return HeadStatus.BAD
        return HeadStatus.SIGNED if self.pinned else HeadStatus.NOT_PINNED

    def _judge_anchors(self, key: PublicKey | None) -> None:
        for anchors in self.waiting.values():
            for anchor in anchors:
                message = f"an anchor of {anchor.at.isoformat()} names this entry, and the file does not have it"
                self.faults.add(Code.ANCHOR_MISSING, message, None, anchor.sequence)
        for anchor in self.anchors:
            if self.header and anchor.instance != self.header.instance:
                message = f"an anchor belongs to {anchor.instance!r}, the file to {self.header.instance!r}"
                self.faults.add(Code.ANCHOR_FOREIGN, message, None, anchor.sequence)
            if key is not None:
                self._judge_anchor_signature(anchor, key)

    def _judge_anchor_signature(self, anchor: Head, key: PublicKey) -> None:
        if anchor.key_id != key.key_id:
            message = "an anchor was signed with another key; its digest was compared, its signature was not"
            self.warnings.add(Code.ANCHOR_OTHER_KEY, message, None, anchor.sequence)
            return
        try:
            good = check(anchor, key)
        except CannotCheck:
            return
        if not good:
            self.faults.add(Code.ANCHOR_FORGED, "the signature of an anchor is wrong", None, anchor.sequence)


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
