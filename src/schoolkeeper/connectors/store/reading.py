"""Bringing chunks back: packs are fetched, checked and opened ahead of the reader."""

import hashlib
import tarfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from types import TracebackType
from typing import Self

from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.envelope import Identity, unseal, unseal_blocks
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.manifest import Index, Part
from schoolkeeper.connectors.store.pack import PACK_BYTES, unpack

# Opened packs that are kept at hand: where a few rows changed every day, chunks of old and new packs alternate. By
# size, because the packs of later sets are small and many.
KEPT_BYTES = 8 * PACK_BYTES
AHEAD = 2
# What the name and the place of a chunk take besides its content.
CHUNK_WEIGHT_BYTES = 400


def opened(get: Callable[[str], bytes], part: Part, identity: Identity) -> bytes:
    """What an object holds. Raises Damaged when it is missing or not what was written, else CannotOpen."""
    return unseal(_whole(get, part), identity)


def opened_blocks(get: Callable[[str], bytes], part: Part, identity: Identity) -> Iterator[bytes]:
    """The same piece by piece, for what is too long to be had in one."""
    return unseal_blocks(_whole(get, part), identity)


def _whole(get: Callable[[str], bytes], part: Part) -> bytes:
    try:
        sealed = get(part.name)
    except FileNotFoundError:
        raise Damaged("it is not there") from None
    if (found := hashlib.sha256(sealed).hexdigest()) != part.sha256:
        raise Damaged(f"its SHA-256 is {found[:12]}…, not {part.sha256[:12]}… as the manifest says")
    return sealed


class ChunkReader:
    """Hands out the files of one part. Used in a `with` block.

    Raises Damaged, with the object's name in `where`, and CannotOpen.
    """

    def __init__(
        self, get: Callable[[str], bytes], packs: Sequence[Part], index: Index, identity: Identity
    ) -> None:
        self._get = get
        self._parts: Mapping[str, Part] = {part.name: part for part in packs}
        self._homes = ChunkTable.of(index.packs)
        self._packs = list(index.packs)
        self._order = {name: place for place, name in enumerate(self._packs)}
        self._identity = identity
        self._kept: OrderedDict[str, Future[dict[str, memoryview]]] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._pool = ThreadPoolExecutor(max_workers=AHEAD)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self, chunks: Sequence[str]) -> Iterator[memoryview]:
        """The content of a file, chunk by chunk; the packs that come next are opened meanwhile."""
        homes = [self._home(chunk) for chunk in chunks]
        order = [name for name, _ in groupby(homes)]
        position = 0
        for chunk, home in zip(chunks, homes, strict=True):
            while order[position] != home:
                position += 1
            for name in (*order[position : position + 1 + AHEAD], *self._following(order[-1])):
                self._ask_for(name)
            pack = self._kept[order[position]].result()
            if chunk not in pack:
                raise Damaged(f"{order[position]} lacks a chunk that the index names")
            yield pack[chunk]

    def _home(self, chunk: str) -> str:
        if (home := self._homes.home(chunk)) is None:
            raise Damaged("the index does not say where its content is")
        return home[0]

    def _following(self, name: str) -> Sequence[str]:
        """The pack after one: where files are small, the next ones lie there."""
        place = self._order[name] + 1
        return self._packs[place : place + 1]

    def _ask_for(self, name: str) -> None:
        if name in self._kept:
            self._kept.move_to_end(name)
            return
        self._kept[name] = self._pool.submit(self._open, name)
        taken = sum(self._weights.get(one, PACK_BYTES) for one in self._kept)
        while taken > KEPT_BYTES and len(self._kept) > AHEAD + 2:  # those that are asked for together
            taken -= self._weights.pop(self._kept.popitem(last=False)[0], PACK_BYTES)

    def _open(self, name: str) -> dict[str, memoryview]:
        part = self._parts.get(name)
        if part is None:
            raise Damaged(f"{name} is in the index but not in the manifest")
        try:
            archive = opened(self._get, part, self._identity)
            chunks = unpack(archive)
        except tarfile.TarError as error:
            raise Damaged(f"{name}: no tar archive: {error}") from error
        except Damaged as error:
            raise Damaged(f"{name}: {error}") from error
        # Not by what the chunks hold: of very small files, a pack is mostly headers and padding.
        self._weights[name] = len(archive) + CHUNK_WEIGHT_BYTES * len(chunks)
        return chunks
