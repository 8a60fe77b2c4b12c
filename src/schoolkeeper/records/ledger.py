"""Appending to the ledger, and its signed head."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction

from schoolkeeper.ledger import export, head, keys
from schoolkeeper.ledger.entry import Entry, seal
from schoolkeeper.records.models import LedgerEntry

# Any number will do, as long as nobody else in this database uses it: it serialises appends.
_LOCK = 0x5C4001_1ED6E4


@transaction.atomic
def append(
    kind: str,
    *,
    actor: str,
    system: str = "",
    subject: str = "",
    data: Mapping[str, object] | None = None,
    once: str | None = None,
    at: datetime | None = None,
) -> Entry:
    """Add one entry, in the caller's transaction: both happen, or neither.

    An entry whose `once` was used before is not added again; the one from then is returned. Raises
    `ledger.errors.EntryError` for data without one canonical form (floats, for instance).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if once is not None and (earlier := LedgerEntry.objects.filter(once=once).first()):
        return earlier.entry()
    entry = seal(
        _last(),
        at=at or datetime.now(UTC),
        kind=kind,
        system=system,
        actor=actor,
        subject=subject,
        data=data or {},
    )
    LedgerEntry.of(entry, once).save(force_insert=True)
    return entry


def entries() -> Iterator[Entry]:
    """All entries in order, without holding them in memory."""
    return (row.entry() for row in LedgerEntry.objects.order_by("sequence").iterator(chunk_size=2000))


def sign_head(home: Path, instance: str) -> head.Head:
    """Sign the newest entry and note the head in `home/ledger/heads.jsonl`, outside the database.

    A database that was cut short, or replaced by an older copy, contradicts the heads kept there.
    """
    signed = head.sign(_last(), keys.load_private(signing_key(home)), datetime.now(UTC), instance=instance)
    path = home / "ledger" / "heads.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(signed.line())
    return signed


def signing_key(home: Path) -> Path:
    """The private key's file, made at first use; the public key lies beside it."""
    path = home / "keys" / "ledger"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):  # another process was faster
            keys.generate(path)
    return path


@transaction.atomic
def write_export(home: Path, instance: str, stream: BinaryIO) -> head.Head:
    """Write the whole ledger with a fresh signed head, as one consistent file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    signed = sign_head(home, instance)
    public = keys.PublicKey.of(keys.load_private(signing_key(home)))
    export.write(entries(), signed, public.pem, stream)
    return signed


def _last() -> Entry | None:
    row = LedgerEntry.objects.order_by("-sequence").first()
    return row.entry() if row else None
