"""One entry of the ledger, and how it is chained to the one before it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from schoolkeeper.ledger import canonical
from schoolkeeper.ledger.canonical import JSON
from schoolkeeper.ledger.errors import EntryError

GENESIS = "0" * 64
"""What stands in the place of a previous digest in the first entry."""

LARGEST_ENTRY_BYTES = 1_000_000
"""The ledger says what happened; bulky evidence is kept elsewhere and named here by its digest."""

_PREFIX = b"schoolkeeper-ledger-v1\n"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FIELDS = {"sequence", "at", "kind", "system", "actor", "subject", "data"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What happened, when, by whom, to what; `previous` and `digest` (lower-case hex) chain it.

    The constructor checks nothing, so that a row changed in the database can still be exported and found by
    the verifier. New entries come from `seal`.
    """

    sequence: int
    at: datetime
    kind: str
    system: str
    actor: str
    subject: str
    data: Mapping[str, JSON]
    previous: str
    digest: str

    def body(self) -> bytes:
        """The canonical JSON of the seven fields that are not part of the chain."""
        fields = {
            "sequence": self.sequence,
            "at": canonical.time_text(self.at),
            "kind": self.kind,
            "system": self.system,
            "actor": self.actor,
            "subject": self.subject,
            "data": self.data,
        }
        return canonical.dump(fields)

    def line(self) -> bytes:
        """The entry as one line of an export, newline included."""
        return b'{"digest":"%s","entry":%s,"previous":"%s"}\n' % (
            self.digest.encode(),
            self.body(),
            self.previous.encode(),
        )

    def true_digest(self) -> str:
        """The digest that this entry ought to carry."""
        return _chain(self.previous, self.body())


def seal(
    previous: Entry | None,
    *,
    at: datetime,
    kind: str,
    system: str,
    actor: str,
    subject: str,
    data: Mapping[str, object],
) -> Entry:
    """Make the entry that follows `previous` (None: the first one of a ledger).

    Keeps a plain copy of `data`. Raises EntryError for a value without a single canonical form (see
    `canonical`), a naive time, an empty kind or an entry larger than LARGEST_ENTRY_BYTES.
    """
    if not kind:
        raise EntryError("kind must not be empty")
    entry = Entry(
        sequence=1 if previous is None else previous.sequence + 1,
        at=canonical.utc(at),
        kind=canonical.text(kind, "kind"),
        system=canonical.text(system, "system"),
        actor=canonical.text(actor, "actor"),
        subject=canonical.text(subject, "subject"),
        data=_data(data),
        previous=GENESIS if previous is None else previous.digest,
        digest="",
    )
    body = entry.body()
    if len(body) > LARGEST_ENTRY_BYTES:
        raise EntryError(f"the entry has {len(body)} bytes; at most {LARGEST_ENTRY_BYTES} are allowed")
    return replace(entry, digest=_chain(entry.previous, body))


def parse(value: Mapping[str, object]) -> Entry:
    """An entry from a parsed export line (`digest`, `entry`, `previous`); the digest is not judged here.

    Raises EntryError for missing, unknown or ill-typed fields.
    """
    fields = value["entry"]
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        raise EntryError(f"an entry has the fields {', '.join(sorted(_FIELDS))} and no others")
    return Entry(
        sequence=whole(fields["sequence"], "sequence", least=1),
        at=canonical.read_time(fields["at"]),
        kind=canonical.text(fields["kind"], "kind"),
        system=canonical.text(fields["system"], "system"),
        actor=canonical.text(fields["actor"], "actor"),
        subject=canonical.text(fields["subject"], "subject"),
        data=_data(fields["data"]),
        previous=hex_digest(value["previous"], "previous"),
        digest=hex_digest(value["digest"], "digest"),
    )


def whole(value: object, name: str, *, least: int) -> int:
    """A whole number of at least `least`; raises EntryError."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= canonical.LARGEST_INTEGER:
        raise EntryError(f"{name} must be a whole number from {least} up")
    return value


def hex_digest(value: object, name: str) -> str:
    """A SHA-256 digest in lower-case hex; raises EntryError."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise EntryError(f"{name} must be 64 lower-case hex digits")
    return value


def _data(value: object) -> dict[str, JSON]:
    if not isinstance(value, Mapping):
        raise EntryError("data must be a mapping")
    return cast(dict[str, JSON], canonical.plain(value))


def _chain(previous: str, body: bytes) -> str:
    return hashlib.sha256(_PREFIX + previous.encode() + b"\n" + body).hexdigest()
