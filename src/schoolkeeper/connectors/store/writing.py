"""Storing streams as chunks: only what the store does not have yet is written, in packs, several at a time."""

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.envelope import seal
from schoolkeeper.connectors.store.manifest import Part
from schoolkeeper.connectors.store.pack import PACK_BYTES, PackBuilder, Readable, chunk_id, cut

# One pack is sealed while the next is filled and a third one travels.
AT_ONCE = 2
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A stream as it was stored."""

    chunks: list[str]
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Known:
    """The packs that are in the store already, and where chunks are; those in other packs do not count."""

    packs: Mapping[str, Part]
    chunks: ChunkTable

    def home(self, chunk: str) -> tuple[str, int] | None:
        """The pack and the size of a chunk."""
        found = self.chunks.home(chunk)
        return found if found and found[0] in self.packs else None


NOTHING_KNOWN = Known({}, ChunkTable())


class ChunkWriter:
    """Writes chunks for one part of a set. `put(name, data)` stores an object; packs are named `<prefix>0001…`.

    Used in a `with` block; `finish` waits for the last pack. An error in a pack comes out of the next call.
    """

    def __init__(
        self, put: Callable[[str, bytes], None], prefix: str, recipients: Sequence[str], known: Known
    ) -> None:
        self._put = put
        self._prefix = prefix
        self._recipients = recipients
        self._known = known
        self._building = PackBuilder()
        self._chunks = ChunkTable()
        self._packs: dict[str, Part] = {}
        self._underway: deque[Future[Part]] = deque()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE)
        self.new_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def add(self, stream: Readable, passing: Callable[[int], None] = lambda size_bytes: None) -> Written:
        """Store a stream; `passing` is called with the size of each chunk.

        What `stream` raises comes out unchanged.
        """
        whole, chunks, size_bytes = hashlib.sha256(), [], 0
        for chunk in cut(stream):
            chunks.append(self._keep(chunk))
            whole.update(chunk)
            size_bytes += len(chunk)
            passing(len(chunk))
        return Written(chunks, size_bytes, whole.hexdigest())

    def reuse(self, chunks: Sequence[str]) -> bool:
        """Take chunks of an earlier set into this part; False when the store does not have all of them."""
        taken: dict[str, tuple[str, int]] = {}
        for chunk in chunks:
            if self._chunks.home(chunk) is None:
                if (home := self._known.home(chunk)) is None:
                    return False
                taken[chunk] = home
        for chunk, home in taken.items():
            self._chunks.add(chunk, *home)
        return True

    def _keep(self, chunk: bytes | memoryview) -> str:
        name = chunk_id(chunk)
        if not self.reuse([name]):
            self._chunks.add(name, self._pack_name(), len(chunk))
            self._building.add(name, chunk)
            if self._building.size_bytes >= PACK_BYTES:
                self._send()
        return name

    def _pack_name(self) -> str:
        return f"{self._prefix}{len(self._packs) + len(self._underway) + 1:04}.tar.zst.age"

    def _send(self) -> None:
        name, building = self._pack_name(), self._building
        self._building = PackBuilder()
        self._underway.append(self._pool.submit(self._seal, name, building))
        while len(self._underway) > AT_ONCE:
            self._arrived(self._underway.popleft())

    def _seal(self, name: str, building: PackBuilder) -> Part:
        sealed = seal(building.finish(), self._recipients)
        self._put(name, sealed)
        sha256 = hashlib.sha256(sealed).hexdigest()
        return Part(name=name, sha256=sha256, size_bytes=len(sealed), raw_size_bytes=sum(building.chunks.values()))

    def _arrived(self, pack: Future[Part]) -> None:
        part = pack.result()
        self._packs[part.name] = part
        self.new_bytes += part.size_bytes

    def finish(self) -> tuple[list[Part], ChunkTable]:
        """Every pack that the part needs, old or new, and which of its chunks with which sizes."""
        if self._building.chunks:
            self._send()
        while self._underway:
            self._arrived(self._underway.popleft())
        used = sorted(self._chunks)
        return [self._packs.get(name) or self._known.packs[name] for name in used], self._chunks


class Listing:
    """Reads and digests what another tool keeps, and stores nothing of it."""

    def add(self, stream: Readable, passing: Callable[[int], None] = lambda size_bytes: None) -> Written:
        whole, size_bytes = hashlib.sha256(), 0
        while block := stream.read(BLOCK_BYTES):
            whole.update(block)
            size_bytes += len(block)
            passing(len(block))
        return Written([], size_bytes, whole.hexdigest())

    def reuse(self, chunks: Sequence[str]) -> bool:
        """What was read for the set before and did not change has the same digest."""
        return True
