"""The ledger: its entries, and whether it is whole."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schoolkeeper.ledger.report import Report
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
    return ledger.verify_table(home, instance, newest=_ANCHORS)
