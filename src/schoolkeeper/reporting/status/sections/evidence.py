"""The ledger's head: what makes this report an anchor."""

from __future__ import annotations

from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Code, Note, Section
from schoolkeeper.reporting.status.wording import count, moment

_HALF = 64


def section(status: Status) -> Section:
    head, zone = status.head, status.period.zone
    return Section(
        "evidence",
        "Evidence",
        [
            Note(
                f"When this report was made, the ledger of “{head.instance}” had "
                f"{count(head.sequence, 'entry', 'entries')}. Its head was signed on {moment(head.at, zone)}. "
                "Keep this report where the keepers of the system cannot change it: nobody can then rewrite what "
                "happened before without contradicting it."
            ),
            Code("Sequence", [str(head.sequence)]),
            Code("Digest", [head.digest]),
            Code("Signed", [f"{head.at:%Y-%m-%dT%H:%M:%S.%fZ}"]),
            Code("Key", [head.key_id]),
            Code("Signature", [head.signature[:_HALF], head.signature[_HALF:]]),
            Note(
                "To verify the ledger against it, save the signed head as head.jsonl (the PDF carries it as an "
                "attachment of that name, the page as its last block) and run:"
            ),
            Code("Command", ["schoolkeeper ledger verify --anchor head.jsonl"]),
        ],
    )
