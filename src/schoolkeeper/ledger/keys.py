"""Ed25519 keys: made, kept safe, loaded.

Public keys are handled with the standard library alone, so that keys can be told apart on a machine without
`cryptography`; only making keys, signing and checking signatures need it, and import it when they do.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from schoolkeeper.ledger.errors import CannotCheck, KeyFileError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The fixed beginning of the DER form of every Ed25519 public key (RFC 8410 section 4).
_DER_START = bytes.fromhex("302a300506032b6570032100")
_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The 32 bytes of an Ed25519 public key."""

    raw: bytes

    @classmethod
    def from_pem(cls, pem: str) -> PublicKey:
        """Read a PEM public key; raises KeyFileError for anything that is not an Ed25519 one."""
        match = _PEM.fullmatch(pem)
        if match is None:
            raise KeyFileError("this is not a PEM public key")
        try:
            der = base64.b64decode("".join(match[1].split()), validate=True)
        except binascii.Error:
            raise KeyFileError("the PEM public key is damaged") from None
        if not der.startswith(_DER_START) or len(der) != len(_DER_START) + 32:
            raise KeyFileError("the public key is not an Ed25519 key")
        return cls(der[len(_DER_START) :])

    @classmethod
    def of(cls, private_key: Ed25519PrivateKey) -> PublicKey:
        """The public half of a private key."""
        return cls(private_key.public_key().public_bytes_raw())

    @property
    def pem(self) -> str:
        """The key as OpenSSL reads and writes it."""
        body = base64.b64encode(_DER_START + self.raw).decode()
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"

    @property
    def key_id(self) -> str:
        """SHA-256 of the DER form: `openssl pkey -pubin -in KEY.pub -outform DER | sha256sum`."""
        return hashlib.sha256(_DER_START + self.raw).hexdigest()

    def accepts(self, signature: bytes, message: bytes) -> bool:
        """Whether this key's owner signed the message; raises CannotCheck without `cryptography`."""
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise CannotCheck("signatures cannot be checked: the Python package cryptography is missing") from None
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class KeySigner:
    """Signs with the private key in a file, which is read at first use; raises KeyFileError then."""

    def __init__(self, path_private: Path) -> None:
        self._path = path_private

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return load_private(self._path)

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return PublicKey.of(self._private).raw

    @property
    def key_id(self) -> str:
        """The public key's fingerprint."""
        return PublicKey.of(self._private).key_id

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return self._private.sign(message)


def own_path(home: Path) -> Path:
    """Where an installation keeps the private key that it signs with."""
    return home / "keys" / "ledger"


def signer_at(home: Path) -> KeySigner | None:
    """Who signs for the installation in this folder; None where its key is not (yet)."""
    path = own_path(home)
    return KeySigner(path) if path.is_file() else None


def generate(path_private: Path) -> PublicKey:
    """Write a new private key (mode 0600) to the path and its public key beside it with `.pub` added.

    Never replaces a file: raises KeyFileError if either exists or cannot be written. Each file appears at once
    and whole: whoever finds the private key finds all of it.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private_key = Ed25519PrivateKey.generate()
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_key = PublicKey.of(private_key)
    if (public := public_path(path_private)).exists():
        raise KeyFileError(f"{public}: File exists")
    _create(path_private, pem, 0o600)
    try:
        _create(public, public_key.pem.encode(), 0o644)
    except KeyFileError:
        # Another process may have found the private key already, and written the public one for it.
        if not public.exists() or load_public(public) != public_key:
            path_private.unlink()
            raise
    return public_key


def ensure(path_private: Path) -> None:
    """Make the two files unless they are there; of several that try at once one makes them, all use them.

    Raises KeyFileError if the private key is missing and cannot be made.
    """
    if not path_private.exists():
        try:
            generate(path_private)
        except KeyFileError:
            if not path_private.exists():
                raise
    if not (public := public_path(path_private)).exists():
        # Its maker was killed in between. Signing needs only the private key, so a folder that cannot be
        # written, or another one's being faster, is no reason to stop.
        with suppress(KeyFileError):
            _create(public, PublicKey.of(load_private(path_private)).pem.encode(), 0o644)


def public_path(path_private: Path) -> Path:
    """Where `generate` puts the public key that belongs to a private key."""
    return path_private.with_name(path_private.name + ".pub")


def load_private(path: Path) -> Ed25519PrivateKey:
    """Load a private key; raises KeyFileError if others may read the file or it holds no Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with path.open("rb") as file:
            # The mode is asked of the open file, so that it cannot be exchanged in between.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    if mode & 0o077:
        raise KeyFileError(f"{path} has mode {mode:04o}: others may read the signing key; chmod 600 it")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise KeyFileError(f"{path} does not hold an unencrypted PEM private key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} does not hold an Ed25519 key")
    return key


def load_public(path: Path) -> PublicKey:
    """Load a PEM public key; raises KeyFileError."""
    try:
        return PublicKey.from_pem(path.read_text(encoding="ascii"))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    except (KeyFileError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: {error}") from None


def _create(path: Path, content: bytes, mode: int) -> None:
    """Write a file that was not there: it appears under its name when it is complete and on the disk."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.link(name, path)
        finally:
            Path(name).unlink()
        _flush_folder(path.parent)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
