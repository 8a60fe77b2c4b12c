"""Sealing a stream: zstd, then age for one or more recipients, in constant memory; and opening it again.

What comes out opens with the programs `age` and `zstd`. SHA-256 is taken of the sealed bytes, as they go by.
"""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Protocol, TypeAlias, cast

import pyrage  # type: ignore[import-untyped]
import zstandard

from schoolkeeper.connectors.store.errors import CannotOpen, Damaged

# On dumps of an ERP level 1 is as small as level 3, and it leaves the processor to PostgreSQL.
LEVEL = 1
THREADS = min(4, os.cpu_count() or 1)
BLOCK_BYTES = 1 << 20
NO_KEY = "No matching keys found"
Identity: TypeAlias = pyrage.x25519.Identity


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """`sha256` and `size_bytes` are of the sealed bytes, `raw_size_bytes` of what went in."""

    sha256: str
    size_bytes: int
    raw_size_bytes: int


class _Kept:
    """Keeps the first error that leaves its `with` block: the age library would turn it into text."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        self.error = self.error or error

    def reraise(self) -> None:
        if self.error is not None:
            raise self.error


class _Reader(io.RawIOBase):
    """Lets a buffer stand between a source's large blocks and the small reads of the age library."""

    def __init__(self, source: Readable) -> None:
        super().__init__()
        self._source = source
        self.kept = _Kept()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self.kept:
            block = self._source.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


class _Writer(io.RawIOBase):
    """What the age library writes to: accepts each block whole."""

    def __init__(self, sink: Writable) -> None:
        super().__init__()
        self._sink = sink
        self.kept = _Kept()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        with self.kept:
            self._sink.write(data)
        return len(data)


class _Counting:
    """A source that counts; `passing` is called after each block."""

    def __init__(self, source: Readable, passing: Callable[[], None]) -> None:
        self._source = source
        self._passing = passing
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.size_bytes += len(block)
        self._passing()
        return block


class _Hashing:
    """A sink that digests what it passes on."""

    def __init__(self, sink: Writable) -> None:
        self._sink = sink
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self._sink.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class _HashingSource:
    """A source that digests what it hands out."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self._hash.update(block)
        return block

    def finish(self) -> str:
        """Read what is left and give the digest of all of it."""
        while self.read(BLOCK_BYTES):
            pass
        return self._hash.hexdigest()


def _nothing() -> None:
    return None


def seal(
    source: Readable, sink: Writable, recipients: Sequence[str], passing: Callable[[], None] = _nothing
) -> Sealed:
    """Write `source` to `sink`, compressed and encrypted for all `recipients` (age1…).

    Whatever `source`, `sink` or `passing` raise comes out unchanged.
    """
    counting, hashing = _Counting(source, passing), _Hashing(sink)
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=THREADS, write_checksum=True)
    reader = _Reader(compressor.stream_reader(cast(IO[bytes], counting), read_size=BLOCK_BYTES))
    writer = _Writer(hashing)
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    try:
        pyrage.encrypt_io(io.BufferedReader(reader, BLOCK_BYTES), writer, keys)
    except (pyrage.EncryptError, OSError):
        reader.kept.reraise()
        writer.kept.reraise()
        raise
    return Sealed(hashing.sha256, hashing.size_bytes, counting.size_bytes)


def unseal(source: Readable, sink: Writable, identity: Identity, sha256: str) -> None:
    """Write what `seal` took in to `sink`, and check the digest of the sealed bytes on the way.

    Raises CannotOpen when it was sealed for other keys, Damaged when it is not what was written; what `sink`
    raises comes out unchanged. What reached the sink before an error is not to be trusted.
    """
    hashing, target = _HashingSource(source), _Writer(sink)
    decompressor = zstandard.ZstdDecompressor().stream_writer(
        cast(IO[bytes], target), write_size=BLOCK_BYTES, closefd=False
    )
    writer = _Writer(decompressor)
    blocks = io.BufferedWriter(cast(io.RawIOBase, writer), BLOCK_BYTES)
    fault = ""
    try:
        pyrage.decrypt_io(io.BufferedReader(_Reader(hashing), BLOCK_BYTES), blocks, [identity])
        blocks.flush()
    except (pyrage.DecryptError, zstandard.ZstdError, OSError) as error:
        target.kept.reraise()
        fault = str(writer.kept.error or error)
    found = hashing.finish()
    if found != sha256:
        raise Damaged(f"its SHA-256 is {found[:12]}…, not {sha256[:12]}… as the manifest says")
    if fault == NO_KEY:
        raise CannotOpen("it was sealed for other keys than the one at hand")
    if fault:
        raise Damaged(fault)


def identity_from(text: str) -> Identity:
    """The private key in a key file as `age-keygen` writes it. Raises ValueError when there is none."""
    for line in text.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(line.strip())
            except pyrage.IdentityError as error:
                raise ValueError(f"the private key is not well-formed: {error}") from error
    raise ValueError("there is no line that begins with AGE-SECRET-KEY-")
