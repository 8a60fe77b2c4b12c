r"""Signed evidence: what a run left behind for others to rely on, in a file that an auditor verifies offline.

**The file** is one line of UTF-8, canonical JSON (see `evidence_text`), ended by "\n":

    {"signed":{"evidence":{…},"format":"schoolkeeper-evidence/1","instance":…,"key_id":…,
     "ledger":{"digest":"<64 hex>","sequence":N}},"signature":"<128 hex>"}

`evidence` is the statement as it was kept when the run ended, with the fields `at`, `data`, `holds`, `key`,
`kind`, `run`, `says`, `system` and `task`. Its *digest* is the SHA-256 of the text `schoolkeeper-evidence-v1`, a
newline, and the bytes of `evidence`.

`ledger` names the entry of the kind `evidence.kept` that took this digest down at that time: an altered statement
no longer fits it, and the entry cannot be exchanged without breaking the chain of digests after it.

`signature` is Ed25519 (RFC 8032) over the text `schoolkeeper-evidence-signed-v1`, a newline, and the bytes of
`signed`; `key_id` is the key's (see `keys`). The same evidence always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from schoolkeeper.ledger import canonical, evidence_text
from schoolkeeper.ledger.canonical import time_text
from schoolkeeper.ledger.entry import Entry, hex_digest, whole
from schoolkeeper.ledger.errors import EntryError
from schoolkeeper.ledger.keys import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT: Final = "schoolkeeper-evidence/1"
KEPT: Final = "evidence.kept"
"""The kind of the ledger entries that take digests of evidence down."""

_DIGEST_PREFIX = b"schoolkeeper-evidence-v1\n"
_SIGNED_PREFIX = b"schoolkeeper-evidence-signed-v1\n"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a run of a task says of a system; `run` is the run's key, `data` are JSON values.

    `kind` and `key` identify it within a system; `holds` is the answer.
    """

    system: str
    task: str
    run: str
    kind: str
    key: str
    holds: bool
    says: str
    data: Mapping[str, object]
    at: datetime

    def fields(self) -> dict[str, object]:
        """As it stands in the file."""
        return {
            "system": self.system,
            "task": self.task,
            "run": self.run,
            "kind": self.kind,
            "key": self.key,
            "holds": self.holds,
            "says": self.says,
            "data": self.data,
            "at": time_text(self.at),
        }

    def digest(self) -> str:
        """What the ledger takes down of it; raises EntryError for a statement without one canonical form."""
        return hashlib.sha256(_DIGEST_PREFIX + evidence_text.dump(self.fields()).encode()).hexdigest()

    def entry_data(self) -> dict[str, object]:
        """The `data` of the ledger entry that takes it down."""
        return {
            "kind": self.kind,
            "key": self.key,
            "run": self.run,
            "holds": self.holds,
            "evidence_sha256": self.digest(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEvidence:
    """A statement with the ledger entry that it is anchored in (`sequence`, `entry_digest`), signed."""

    statement: Statement
    instance: str
    sequence: int
    entry_digest: str
    key_id: str
    signature: str

    def body(self) -> bytes:
        """The canonical JSON of everything but the signature."""
        fields = {
            "evidence": self.statement.fields(),
            "format": FORMAT,
            "instance": self.instance,
            "key_id": self.key_id,
            "ledger": {"sequence": self.sequence, "digest": self.entry_digest},
        }
        return evidence_text.dump(fields).encode()

    def message(self) -> bytes:
        """What is signed."""
        return _SIGNED_PREFIX + self.body()

    def line(self) -> bytes:
        """The whole file."""
        return b'{"signed":%s,"signature":"%s"}\n' % (self.body(), self.signature.encode())


def sign(
    statement: Statement, entry: Entry, private_key: Ed25519PrivateKey, *, instance: str = ""
) -> SignedEvidence:
    """State that this was kept, and that `entry` of the ledger of `instance` took its digest down.

    Raises EntryError when the entry does not, or for a value without one canonical form.
    """
    if not takes_down(entry, statement):
        raise EntryError(f"entry {entry.sequence} of the ledger does not carry the digest of this evidence")
    signed = SignedEvidence(
        statement=statement,
        instance=canonical.text(instance, "instance"),
        sequence=entry.sequence,
        entry_digest=entry.digest,
        key_id=PublicKey.of(private_key).key_id,
        signature="",
    )
    return replace(signed, signature=private_key.sign(signed.message()).hex())


def takes_down(entry: Entry, statement: Statement) -> bool:
    """Whether an entry of the ledger carries the digest of this statement."""
    known = (entry.kind, entry.system, dict(entry.data))
    return known == (KEPT, statement.system, statement.entry_data())


def parse(signed: Mapping[str, object], signature: object) -> SignedEvidence:
    """Signed evidence from the parsed fields, which are all there; the signature is not judged here.

    Raises EntryError for a value of a wrong type.
    """
    evidence, ledger = signed["evidence"], signed["ledger"]
    assert isinstance(evidence, Mapping)
    assert isinstance(ledger, Mapping)
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise EntryError("signature must be 128 lower-case hex digits")
    return SignedEvidence(
        statement=_statement(evidence),
        instance=canonical.text(signed["instance"], "instance"),
        sequence=whole(ledger["sequence"], "ledger.sequence", least=1),
        entry_digest=hex_digest(ledger["digest"], "ledger.digest"),
        key_id=hex_digest(signed["key_id"], "key_id"),
        signature=signature,
    )


def _statement(fields: Mapping[str, object]) -> Statement:
    holds, data = fields["holds"], fields["data"]
    if not isinstance(holds, bool):
        raise EntryError("evidence.holds must be true or false")
    if not isinstance(data, Mapping):
        raise EntryError("evidence.data must be an object")
    names = ("system", "task", "run", "kind", "key", "says")
    texts = {name: canonical.text(fields[name], f"evidence.{name}") for name in names}
    return Statement(holds=holds, data=data, at=canonical.read_time(fields["at"]), **texts)
