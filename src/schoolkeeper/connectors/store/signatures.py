"""Signatures beside what a store must not be able to make up: manifests and proofs.

Whoever may write to a store and knows the recipients can seal a set of their own. A detached signature, an object
named like the one that it signs with `.sig` added, tells theirs from ours. It is Ed25519 (RFC 8032) over the text

    schoolkeeper-store-signed-v1
    <system>/<name of the object>
    <SHA-256 of the object, in hexadecimal>

each line ended by a newline, so that a signed object cannot be moved to another place.
"""

import hashlib
from collections.abc import Collection
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

SIGNATURE = ".sig"
FORMAT: Literal["schoolkeeper-signature/1"] = "schoolkeeper-signature/1"
# The fixed beginning of the DER form of every Ed25519 public key (RFC 8410 section 4).
_DER_START = bytes.fromhex("302a300506032b6570032100")

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Signer(Protocol):
    """Somebody who holds a private key. `raw` are the 32 bytes of the public one, `key_id` is its fingerprint."""

    @property
    def raw(self) -> bytes: ...

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


class Signature(BaseModel):
    """What a signature's object holds, as hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["schoolkeeper-signature/1"] = FORMAT
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")


def message_of(full_name: str, content: bytes) -> bytes:
    """What is signed; `full_name` begins with the system."""
    return f"schoolkeeper-store-signed-v1\n{full_name}\n{hashlib.sha256(content).hexdigest()}\n".encode()


def signature_of(full_name: str, content: bytes, signer: Signer) -> bytes:
    """The object that goes beside the one that is signed."""
    signature = signer.sign(message_of(full_name, content)).hex()
    return f"{Signature(key=signer.raw.hex(), signature=signature).model_dump_json()}\n".encode()


def fault_of(text: bytes, full_name: str, content: bytes, trusted: Collection[str]) -> str:
    """Why a signature does not speak for an object, "" when it does; `trusted` are fingerprints of keys."""
    # Here and not above: it takes a while to load, and every command reads definitions.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        found = Signature.model_validate_json(text)
    except ValidationError:
        return "its signature cannot be understood"
    raw = bytes.fromhex(found.key)
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(
            bytes.fromhex(found.signature), message_of(full_name, content)
        )
    except (InvalidSignature, ValueError):
        return "its signature does not match: it was altered, or made up"
    key_id = hashlib.sha256(_DER_START + raw).hexdigest()
    if key_id in trusted:
        return ""
    return (
        f"it is signed by a key that is not ours ({key_id}); only if that is the key of an earlier installation "
        "of yours, as your emergency sheet says, name it under signed_by in the definition of the store"
    )
