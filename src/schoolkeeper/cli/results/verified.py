"""Verifying and exporting the ledger."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from rich.console import RenderableType
from rich.text import Text

from schoolkeeper.cli.exits import CouldNotLook, Exit
from schoolkeeper.ledger.__main__ import exit_code
from schoolkeeper.ledger.export import read_heads, split
from schoolkeeper.ledger.head import Head
from schoolkeeper.ledger.keys import PublicKey, load_public
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify


def verify_export(path: Path, public_key: Path | None, anchors: Sequence[Path]) -> Report:
    """Verify a file. Raises LedgerError and CouldNotLook when a file cannot be read."""
    try:
        with path.open("rb") as file:
            return verify(split(file), load_public(public_key) if public_key else None, _heads(anchors))
    except OSError as error:
        raise CouldNotLook(f"{error.filename}: {error.strerror}") from error


def verify_own(anchors: Sequence[Path]) -> Report:
    """Verify this installation's ledger against its own key and the heads put aside. Django must be loaded."""
    from django.conf import settings

    from schoolkeeper.ledger import keys
    from schoolkeeper.records.ledger import signing_key, write_export

    home: Path = settings.SCHOOLKEEPER_HOME
    kept = home / "ledger" / "heads.jsonl"
    paths = [*anchors, *([kept] if kept.exists() else [])]
    try:
        heads = _heads(paths)
    except OSError as error:
        raise CouldNotLook(f"{error.filename}: {error.strerror}") from error
    with TemporaryFile() as stream:
        write_export(home, settings.SCHOOLKEEPER_INSTANCE, stream)
        stream.seek(0)
        return verify(split(stream), PublicKey.of(keys.load_private(signing_key(home))), heads)


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


def _heads(paths: Sequence[Path]) -> list[Head]:
    heads: list[Head] = []
    for path in paths:
        with path.open("rb") as file:
            heads += read_heads(file)
    return heads
