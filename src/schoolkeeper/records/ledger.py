"""Appending to the ledger, and its signed head."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction

from schoolkeeper.ledger import export, head, keys
from schoolkeeper.ledger.anchors import Anchors, read_own
from schoolkeeper.ledger.entry import Entry, seal
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify
from schoolkeeper.records import copying
from schoolkeeper.records.models import LedgerEntry

# Any number will do, as long as nobody else in this database uses it: it serialises appends.
_LOCK = 0x5C4001_1ED6E4


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What an entry is to say; `once` as in `append`."""

    kind: str
    actor: str
    system: str = ""
    subject: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    once: str | None = None


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
    note = Note(kind=kind, actor=actor, system=system, subject=subject, data=data or {}, once=once)
    return append_many([note], at=at)[0]


@transaction.atomic
def append_many(notes: Sequence[Note], *, at: datetime | None = None) -> list[Entry]:
    """Add entries in this order, as `append` does each: thousands for the price of a few statements."""
    if not notes:
        return []
    _lock()
    names = [note.once for note in notes if note.once is not None]
    earlier = _known(names)
    now, last = at or datetime.now(UTC), _last()
    new, answer = list[tuple[Entry, str | None]](), list[Entry]()
    for note in notes:
        entry = earlier.get(note.once) if note.once is not None else None
        if entry is None:
            last = entry = seal(
                last,
                at=now,
                kind=note.kind,
                system=note.system,
                actor=note.actor,
                subject=note.subject,
                data=note.data,
            )
            new.append((entry, note.once))
            if note.once is not None:
                earlier[note.once] = entry
        answer.append(entry)
    copying.write(LedgerEntry, (LedgerEntry.values_of(entry, once) for entry, once in new))
    return answer


def _known(names: Sequence[str]) -> dict[str, Entry]:
    """The entries that were added under these names before."""
    known = LedgerEntry.objects.extra(where=["once = ANY(%s)"], params=[names]) if names else ()
    return {row.once: row.entry() for row in known if row.once is not None}


def entries(up_to: int | None = None) -> Iterator[Entry]:
    """All entries in order (or those up to a sequence), without holding them in memory."""
    rows = LedgerEntry.objects.order_by("sequence")
    if up_to is not None:
        rows = rows.filter(sequence__lte=up_to)
    return (row.entry() for row in rows.iterator(chunk_size=2000))


def sign_head(home: Path, instance: str) -> head.Head:
    """Sign the newest entry and note the head in `home/ledger/heads.jsonl`, outside the database.

    A database that was cut short, or replaced by an older copy, contradicts the heads kept there.
    """
    signed = head.sign(_last(), keys.load_private(signing_key(home)), datetime.now(UTC), instance=instance)
    path = kept_heads(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write((b"\n" if _is_torn(stream) else b"") + signed.line())
        stream.flush()
        os.fsync(stream.fileno())
    return signed


def kept_heads(home: Path) -> Path:
    """The file of the heads that were put aside, one a line."""
    return home / "ledger" / "heads.jsonl"


def signing_key(home: Path) -> Path:
    """The private key's file, made at first use; the public key lies beside it."""
    path = keys.own_path(home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.ensure(path)
    return path


def write_export(home: Path, instance: str, stream: BinaryIO) -> head.Head:
    """Write the whole ledger with a fresh signed head, as one consistent file.

    Others may append while the stream takes its time: what they add comes after the head, and is left out.
    """
    with transaction.atomic():
        _lock()
        signed = sign_head(home, instance)
    public = keys.PublicKey.of(keys.load_private(signing_key(home)))
    export.write(entries(up_to=signed.sequence), signed, public.pem, stream)
    return signed


def verify_table(home: Path, instance: str, anchors: Anchors | None = None, newest: int | None = None) -> Report:
    """Verify the table against this installation's own key, the heads put aside, and `anchors` besides.

    `newest` compares only so many of the heads put aside: each vouches, through the chain, for all before it.
    Nothing is written but, at first use, the key. Raises OSError when the heads cannot be read.
    """
    private = keys.load_private(signing_key(home))
    public = keys.PublicKey.of(private)
    kept = read_own(kept_heads(home), expected=LedgerEntry.objects.exists())
    heads = kept.heads if newest is None else kept.heads[-newest:]
    compared = Anchors(heads, kept.warnings) + (anchors or Anchors())
    signed = head.sign(_last(), private, datetime.now(UTC), instance=instance)
    lines = export.lines(entries(up_to=signed.sequence), signed, public)
    return verify(lines, public, compared.heads, compared.warnings)


def _lock() -> None:
    """Let nobody else append until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _is_torn(stream: BinaryIO) -> bool:
    """Whether a file's last line lacks its end: the power went while it was written."""
    if not stream.seek(0, os.SEEK_END):
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"


def _last() -> Entry | None:
    row = LedgerEntry.objects.order_by("-sequence").first()
    return row.entry() if row else None
