"""Signed evidence from a file, with the public key and the export of the ledger from theirs."""

from collections.abc import Sequence
from pathlib import Path

from schoolkeeper.ledger import anchors, export
from schoolkeeper.ledger.errors import LedgerError
from schoolkeeper.ledger.evidence_report import Report
from schoolkeeper.ledger.evidence_verify import verify
from schoolkeeper.ledger.keys import load_public

LARGEST_BYTES = 64 * 1024 * 1024
"""Far more than any evidence needs; a larger file is not read."""


def verify_file(
    path: Path, key_path: Path, ledger: Path | None = None, anchor_paths: Sequence[Path] = ()
) -> Report:
    """Verify a file against a public key, and with an export of the ledger that the evidence is in it.

    Raises LedgerError when a key or an anchor cannot be used, or anchors come without an export; OSError when a
    file cannot be read.
    """
    public_key = load_public(key_path)
    if anchor_paths and ledger is None:
        raise LedgerError("anchors are compared with the ledger: give its export too")
    kept = anchors.read(anchor_paths)
    with path.open("rb") as file:
        text = file.read(LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise LedgerError(f"{path} has more than {LARGEST_BYTES} bytes: this is no signed evidence")
    if ledger is None:
        return verify(text, public_key)
    with ledger.open("rb") as stream:
        return verify(text, public_key, export.split(stream), kept.heads)
