"""Sealing: zstd, then age for one or more recipients; and opening it again with the programs of these names."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import pyrage  # type: ignore[import-untyped]
import zstandard

from schoolkeeper.connectors.store.errors import CannotOpen, Damaged

# On dumps of an ERP level 1 is as small as level 3 once it looks back as far, 2 MB, and it leaves the processor to
# the database.
PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=21, write_checksum=True)
BLOCK_BYTES = 1 << 16
NO_KEY = "No matching keys found"
Identity: TypeAlias = pyrage.x25519.Identity


def seal(data: bytes | bytearray, recipients: Sequence[str]) -> bytes:
    """`data` compressed and encrypted for all `recipients` (age1…), each of whom can open it alone."""
    compressed = zstandard.ZstdCompressor(compression_params=PARAMETERS).compress(data)
    sealed: bytes = pyrage.encrypt(compressed, _keys(recipients))
    return sealed


def seal_blocks(blocks: Iterable[bytes], recipients: Sequence[str]) -> bytes:
    """The same for what is too long to be had in one piece."""
    sealed = io.BytesIO()
    pyrage.encrypt_io(_Compressed(blocks), sealed, _keys(recipients))
    return sealed.getvalue()


def _keys(recipients: Sequence[str]) -> list[object]:
    return [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]


class _Compressed(io.RawIOBase):
    """Blocks, compressed as they are read."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._compressor = zstandard.ZstdCompressor(compression_params=PARAMETERS).compressobj()
        self._ready = bytearray()
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        while not self._ended and (size < 0 or len(self._ready) < size):
            block = next(self._blocks, None)
            self._ended = block is None
            self._ready += self._compressor.flush() if block is None else self._compressor.compress(block)
        piece = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(piece)]
        return piece


def unseal(sealed: bytes, identity: Identity) -> bytes:
    """What `seal` took in. Raises CannotOpen when it was sealed for other keys, else Damaged."""
    with _told():  # in one piece it takes two thirds of the time
        return zstandard.ZstdDecompressor().decompressobj().decompress(pyrage.decrypt(sealed, [identity]))


def unseal_blocks(sealed: bytes, identity: Identity) -> Iterator[bytes]:
    """The same piece by piece."""
    with _told():
        compressed = pyrage.decrypt(sealed, [identity])
        del sealed
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        for at in range(0, len(compressed), BLOCK_BYTES):
            yield decompressor.decompress(compressed[at : at + BLOCK_BYTES])


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (pyrage.DecryptError, zstandard.ZstdError) as error:
        if str(error) == NO_KEY:
            raise CannotOpen("it was sealed for other keys than the one at hand") from None
        raise Damaged(str(error)) from None


# What `age` writes begins so, as it is and as text.
SEALED = ("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")


def identity_from(text: str) -> Identity:
    """The private key in a key file as `age-keygen` writes it. Raises ValueError when there is none."""
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError as error:
                raise ValueError(f"the private key is not well-formed: {error}") from error
    if text.startswith(SEALED):
        raise ValueError("it is sealed itself, with a passphrase or for another key: `age --decrypt` opens it")
    raise ValueError("there is no line that begins with AGE-SECRET-KEY-")
