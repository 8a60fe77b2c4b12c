"""Sealing: zstd, then age for one or more recipients; and opening it again with the programs of these names."""

from collections.abc import Sequence
from typing import TypeAlias

import pyrage  # type: ignore[import-untyped]
import zstandard

from schoolkeeper.connectors.store.errors import CannotOpen, Damaged

# On dumps of an ERP level 1 is as small as level 3 once it looks back as far, 2 MB, and it leaves the processor to
# the database.
PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=21, write_checksum=True)
NO_KEY = "No matching keys found"
Identity: TypeAlias = pyrage.x25519.Identity


def seal(data: bytes | bytearray, recipients: Sequence[str]) -> bytes:
    """`data` compressed and encrypted for all `recipients` (age1…), each of whom can open it alone."""
    compressed = zstandard.ZstdCompressor(compression_params=PARAMETERS).compress(data)
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    sealed: bytes = pyrage.encrypt(compressed, keys)
    return sealed


def unseal(sealed: bytes, identity: Identity) -> bytes:
    """What `seal` took in. Raises CannotOpen when it was sealed for other keys, else Damaged."""
    try:
        compressed = pyrage.decrypt(sealed, [identity])
        return zstandard.ZstdDecompressor().decompressobj().decompress(compressed)
    except (pyrage.DecryptError, zstandard.ZstdError) as error:
        if str(error) == NO_KEY:
            raise CannotOpen("it was sealed for other keys than the one at hand") from None
        raise Damaged(str(error)) from None


def identity_from(text: str) -> Identity:
    """The private key in a key file as `age-keygen` writes it. Raises ValueError when there is none."""
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError as error:
                raise ValueError(f"the private key is not well-formed: {error}") from error
    raise ValueError("there is no line that begins with AGE-SECRET-KEY-")
