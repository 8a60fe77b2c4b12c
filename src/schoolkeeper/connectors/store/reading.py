"""Bringing chunks back: packs are fetched, checked and opened ahead of the reader."""

import hashlib
import tarfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from types import TracebackType
from typing import Self

from schoolkeeper.connectors.store.envelope import Identity, unseal
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.manifest import Index, Part
from schoolkeeper.connectors.store.pack import PACK_BYTES, unpack

# Opened packs that are kept at hand: where a few rows changed every day, chunks of old and new packs alternate. By
# size, because the packs of later sets are small and many.
KEPT_BYTES = 8 * PACK_BYTES
AHEAD = 2


def opened(get: Callable[[str], bytes], part: Part, identity: Identity) -> bytes:
    """What an object holds. Raises Damaged when it is missing or not what was written, else CannotOpen."""
    try:
        sealed = get(part.name)
    except FileNotFoundError:
        raise Damaged("it is not there") from None
    if (found := hashlib.sha256(sealed).hexdigest()) != part.sha256:
        raise Damaged(f"its SHA-256 is {found[:12]}…, not {part.sha256[:12]}… as the manifest says")
    return unseal(sealed, identity)


class ChunkReader:
    """Hands out the files of one part. Used in a `with` block.

    Raises Damaged, with the object's name in `where`, and CannotOpen.
    """

    def __init__(
        self, get: Callable[[str], bytes], packs: Sequence[Part], index: Index, identity: Identity
    ) -> None:
        self._get = get
        self._parts: Mapping[str, Part] = {part.name: part for part in packs}
        self._home = {chunk: pack for pack, chunks in index.packs.items() for chunk in chunks}
        self._packs = list(index.packs)
        self._order = {name: place for place, name in enumerate(self._packs)}
        self._identity = identity
        self._kept: OrderedDict[str, Future[dict[str, memoryview]]] = OrderedDict()
        self._kept_bytes = 0
        self._pool = ThreadPoolExecutor(max_workers=AHEAD)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self, chunks: Sequence[str]) -> Iterator[memoryview]:
        """The content of a file, chunk by chunk; the packs that come next are opened meanwhile."""
        try:
            order = [name for name, _ in groupby(self._home[chunk] for chunk in chunks)]
        except KeyError:
            raise Damaged("the index does not say where its content is") from None
        position = 0
        for chunk in chunks:
            while order[position] != self._home[chunk]:
                position += 1
            for name in (*order[position : position + 1 + AHEAD], *self._following(order[-1])):
                self._ask_for(name)
            pack = self._kept[order[position]].result()
            if chunk not in pack:
                raise Damaged(f"{order[position]} lacks a chunk that the index names")
            yield pack[chunk]

    def _following(self, name: str) -> Sequence[str]:
        """The pack after one: where files are small, the next ones lie there."""
        place = self._order[name] + 1
        return self._packs[place : place + 1]

    def _ask_for(self, name: str) -> None:
        if name in self._kept:
            self._kept.move_to_end(name)
            return
        self._kept[name] = self._pool.submit(self._open, name)
        self._kept_bytes += self._size_bytes(name)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > AHEAD + 2:  # those that are asked for together
            self._kept_bytes -= self._size_bytes(self._kept.popitem(last=False)[0])

    def _size_bytes(self, name: str) -> int:
        return self._parts[name].raw_size_bytes if name in self._parts else 0

    def _open(self, name: str) -> dict[str, memoryview]:
        part = self._parts.get(name)
        if part is None:
            raise Damaged(f"{name} is in the index but not in the manifest")
        try:
            return unpack(opened(self._get, part, self._identity))
        except tarfile.TarError as error:
            raise Damaged(f"{name}: no tar archive: {error}") from error
        except Damaged as error:
            raise Damaged(f"{name}: {error}") from error
