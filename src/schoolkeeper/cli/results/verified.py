"""Verifying and exporting the ledger."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from rich.console import RenderableType
from rich.text import Text

from schoolkeeper.cli.exits import CouldNotLook, Exit
from schoolkeeper.ledger import anchors as kept
from schoolkeeper.ledger.__main__ import exit_code
from schoolkeeper.ledger.export import split
from schoolkeeper.ledger.keys import load_public
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify


def verify_export(path: Path, public_key: Path | None, anchors: Sequence[Path]) -> Report:
    """Verify a file. Raises LedgerError and CouldNotLook when a file cannot be read."""
    try:
        known = kept.read(anchors)
        with path.open("rb") as file:
            return verify(
                split(file), load_public(public_key) if public_key else None, known.heads, known.warnings
            )
    except OSError as error:
        raise CouldNotLook(f"{error.filename}: {error.strerror}") from error


def verify_own(anchors: Sequence[Path]) -> Report:
    """Verify this installation's ledger against its own key and the heads put aside. Django must be loaded."""
    from django.conf import settings

    from schoolkeeper.records.ledger import verify_table

    try:
        return verify_table(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE, kept.read(anchors))
    except OSError as error:
        raise CouldNotLook(f"{error.filename}: {error.strerror}") from error


def export(stream: BinaryIO) -> int:
    """Write the whole ledger; the number of its entries. Django must be loaded."""
    from django.conf import settings

    from schoolkeeper.records.ledger import write_export

    head = write_export(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE, stream)
    return head.sequence


def exit_for(report: Report) -> Exit:
    """0 no fault, 1 faults, 3 a signature could not be looked at."""
    return Exit(exit_code(report))


def render(report: Report) -> RenderableType:
    """The report's own sentences."""
    return Text("\n".join(report.sentences()))
