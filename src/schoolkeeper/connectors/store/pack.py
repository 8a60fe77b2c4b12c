"""Chunks and packs: how contents are stored once, however many sets hold them.

A stream is cut into chunks where its own content says so (FastCDC), so that a row or a page inserted in the middle
moves no later boundary. A chunk is known by its SHA-256. New chunks are put together into packs; a pack is a tar
archive whose members are the chunks under their names, sealed like everything else. So `age`, `zstd` and `tar`
bring the chunks back, and `cat` puts a file together.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import Protocol

from pyfastcdc import FastCDC

# Small enough that an appended row costs little, large enough that a million rows give few names to keep.
CHUNK_BYTES = 512 * 1024
MAX_CHUNK_BYTES = 4 * 1024 * 1024
# A pack is the unit that travels: large enough for a store with slow round trips, small enough for memory.
PACK_BYTES = 24 * 1024 * 1024


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def chunk_id(chunk: bytes) -> str:
    """The name of a chunk."""
    return hashlib.sha256(chunk).hexdigest()


def cut(stream: Readable) -> Iterator[bytes]:
    """The chunks of a stream, in order; none for an empty one. What `stream` raises comes out unchanged."""
    cutter = FastCDC(avg_size=CHUNK_BYTES, min_size=CHUNK_BYTES // 4, max_size=MAX_CHUNK_BYTES)
    for chunk in cutter.cut_stream(stream):
        yield bytes(chunk.data)


class PackBuilder:
    """A pack in the making."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        self.chunks: dict[str, int] = {}

    @property
    def size_bytes(self) -> int:
        return self._buffer.tell()

    def add(self, name: str, chunk: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(chunk)
        self._tar.addfile(member, io.BytesIO(chunk))
        self.chunks[name] = len(chunk)

    def finish(self) -> bytes:
        """The tar archive."""
        self._tar.close()
        return self._buffer.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """The chunks of a pack by their names. Raises tarfile.TarError when it is none."""
    chunks = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for member in tar:
            start = member.offset_data
            chunks[member.name] = archive[start : start + member.size]
    return chunks
