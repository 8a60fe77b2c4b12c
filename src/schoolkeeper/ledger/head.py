"""The signed head: the statement that a ledger reached an entry, which only the private key can make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from schoolkeeper.ledger import canonical
from schoolkeeper.ledger.entry import GENESIS, Entry, hex_digest, whole
from schoolkeeper.ledger.errors import EntryError
from schoolkeeper.ledger.keys import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PREFIX = b"schoolkeeper-ledger-head-v1\n"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_FIELDS = {"sequence", "digest", "at", "instance", "key_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last entry of a ledger at a moment, signed. Kept elsewhere, it is an anchor.

    `sequence` 0 with the digest GENESIS is the head of an empty ledger. `instance` says whose ledger it is.
    """

    sequence: int
    digest: str
    at: datetime
    instance: str
    key_id: str
    signature: str

    def body(self) -> bytes:
        """The canonical JSON of everything but the signature."""
        return canonical.dump(
            {
                "sequence": self.sequence,
                "digest": self.digest,
                "at": canonical.time_text(self.at),
                "instance": self.instance,
                "key_id": self.key_id,
            }
        )

    def message(self) -> bytes:
        """What is signed."""
        return _PREFIX + self.body()

    def line(self) -> bytes:
        """The head as the last line of an export, or a line of an anchor file; newline included."""
        return b'{"head":%s,"signature":"%s"}\n' % (self.body(), self.signature.encode())


def sign(entry: Entry | None, private_key: Ed25519PrivateKey, at: datetime, *, instance: str = "") -> Head:
    """State that `entry` is the last one (None: the ledger is empty), at a time, for a named ledger.

    Raises EntryError for a naive time or an instance name that is not plain text.
    """
    head = Head(
        sequence=entry.sequence if entry else 0,
        digest=entry.digest if entry else GENESIS,
        at=canonical.utc(at),
        instance=canonical.text(instance, "instance"),
        key_id=PublicKey.of(private_key).key_id,
        signature="",
    )
    return replace(head, signature=private_key.sign(head.message()).hex())


def check(head: Head, public_key: PublicKey) -> bool:
    """Whether the key signed this head; raises CannotCheck without `cryptography`."""
    if head.key_id != public_key.key_id:
        return False
    return public_key.accepts(bytes.fromhex(head.signature), head.message())


def parse(value: Mapping[str, object]) -> Head:
    """A head from a parsed line (`head`, `signature`); the signature is not judged here.

    Raises EntryError for missing, unknown or ill-typed fields.
    """
    fields = value["head"]
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        raise EntryError(f"a head has the fields {', '.join(sorted(_FIELDS))} and no others")
    signature = value["signature"]
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise EntryError("signature must be 128 lower-case hex digits")
    return Head(
        sequence=whole(fields["sequence"], "sequence", least=0),
        digest=hex_digest(fields["digest"], "digest"),
        at=canonical.read_time(fields["at"]),
        instance=canonical.text(fields["instance"], "instance"),
        key_id=hex_digest(fields["key_id"], "key_id"),
        signature=signature,
    )
