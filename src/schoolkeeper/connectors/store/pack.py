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

# A day at school changes a few rows here and a few there, and each costs a chunk: with 512 KB a second set of half
# a million rows took twice as much, with 64 KB the names to keep took what the chunks saved.
CHUNK_BYTES = 128 * 1024
MIN_CHUNK_BYTES = CHUNK_BYTES // 4
MAX_CHUNK_BYTES = CHUNK_BYTES * 8
# A pack is the unit that travels: large enough for a store with slow round trips, small enough for memory.
PACK_BYTES = 24 * 1024 * 1024


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def chunk_id(chunk: bytes | memoryview) -> str:
    """The name of a chunk."""
    return hashlib.sha256(chunk).hexdigest()


def cut(stream: Readable) -> Iterator[bytes | memoryview]:
    """The chunks of a stream, in order; none for an empty one. Each is good until the next one is asked for.

    What `stream` raises comes out unchanged.
    """
    start = _beginning(stream)
    if len(start) > MIN_CHUNK_BYTES:
        cutter = FastCDC(avg_size=CHUNK_BYTES, min_size=MIN_CHUNK_BYTES, max_size=MAX_CHUNK_BYTES)
        for chunk in cutter.cut_stream(_Begun(start, stream)):
            yield chunk.data
    elif start:
        yield start  # most files are so small that making a cutter for each would take longer than all the rest


def _beginning(stream: Readable) -> bytes:
    """The first bytes of a stream: just more than the smallest chunk, or all there are."""
    start = b""
    while len(start) <= MIN_CHUNK_BYTES and (more := stream.read(MIN_CHUNK_BYTES + 1 - len(start))):
        start += more
    return start


class _Begun:
    """A stream of which the beginning was read already."""

    def __init__(self, start: bytes, stream: Readable) -> None:
        self._start, self._stream = start, stream

    def read(self, size: int = -1, /) -> bytes:
        if start := self._start:
            self._start = start[size:]
            return start[:size]
        return self._stream.read(size)


class PackBuilder:
    """A pack in the making."""

    def __init__(self) -> None:
        self._archive = bytearray()
        self.chunks: dict[str, int] = {}

    @property
    def size_bytes(self) -> int:
        return len(self._archive)

    def add(self, name: str, chunk: bytes | memoryview) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(chunk)
        # Not by a TarFile, which copies contents in small pieces and keeps every member.
        self._archive += member.tobuf(tarfile.USTAR_FORMAT)
        self._archive += chunk
        self._archive += bytes(-len(chunk) % tarfile.BLOCKSIZE)
        self.chunks[name] = len(chunk)

    def finish(self) -> bytearray:
        """The tar archive, ended by two empty blocks."""
        self._archive += bytes(2 * tarfile.BLOCKSIZE)
        return self._archive


def unpack(archive: bytes) -> dict[str, memoryview]:
    """The chunks of a pack by their names. Raises tarfile.TarError when it is none."""
    content = memoryview(archive)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        return {member.name: content[(at := member.offset_data) : at + member.size] for member in tar}
