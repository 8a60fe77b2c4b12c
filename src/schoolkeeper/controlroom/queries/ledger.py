"""The ledger: its entries, and whether it is whole."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from schoolkeeper.ledger import export, head, keys
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify
from schoolkeeper.records import ledger
from schoolkeeper.records.models import LedgerEntry

_ANCHORS = 1000
"""So many of the newest kept heads are compared; each vouches, through the chain, for all that came before."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The last time that somebody verified the ledger here, as the ledger itself tells."""

    at: datetime
    by: str
    ok: bool
    entries: int


def last_verification() -> Verification | None:
    row = LedgerEntry.objects.filter(system="", kind="ledger.verified").order_by("-sequence").first()
    return Verification(row.at, row.actor, bool(row.data["ok"]), int(row.data["entries"])) if row else None


def verify_table(home: Path, instance: str) -> Report:
    """Verify the whole table against this installation's own key and the heads kept outside the database."""
    private = keys.load_private(ledger.signing_key(home))
    public = keys.PublicKey.of(private)
    anchors = _kept_heads(home / "ledger" / "heads.jsonl")
    newest = LedgerEntry.objects.order_by("-sequence").first()
    signed = head.sign(newest.entry() if newest else None, private, datetime.now(UTC), instance=instance)
    # What is appended meanwhile comes after this head, and is left for the next time.
    rows = LedgerEntry.objects.filter(sequence__lte=signed.sequence).order_by("sequence")
    entries = (row.entry() for row in rows.iterator(chunk_size=2000))
    return verify(export.lines(entries, signed, public), public, anchors)


def _kept_heads(path: Path) -> list[head.Head]:
    if not path.exists() or not path.stat().st_size:
        return []
    with path.open("rb") as stream:
        return export.read_heads(stream)[-_ANCHORS:]
