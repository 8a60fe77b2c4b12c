"""Where each chunk is: the pack and the size, some 50 bytes for each."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from schoolkeeper.connectors.store.packed import Finder

ID_BYTES = 32


class ChunkTable(Mapping[str, Mapping[str, int]]):
    """For each pack its chunks and their sizes, as an index says it; and for each chunk its pack.

    Chunks are named by 64 hexadecimal digits. Raises ValueError for other names.
    """

    def __init__(self, packs: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._packs: dict[str, int] = {}
        self._names: list[str] = []
        self._ids = bytearray()
        self._sizes = array("Q")
        self._homes = array("I")
        self._finder = Finder(self._id)
        for pack, chunks in (packs or {}).items():
            self.add_pack(pack, chunks)

    @classmethod
    def of(cls, packs: Mapping[str, Mapping[str, int]]) -> Self:
        """The same as such a table."""
        return packs if isinstance(packs, cls) else cls(packs)

    def add_pack(self, pack: str, chunks: Mapping[str, int]) -> None:
        """Add the chunks of a pack, which may be none."""
        self._number(pack)
        for chunk, size_bytes in chunks.items():
            self.add(chunk, pack, size_bytes)

    def add(self, chunk: str, pack: str, size_bytes: int) -> None:
        """Add a chunk."""
        raw = bytes.fromhex(chunk)
        if len(raw) != ID_BYTES:
            raise ValueError(f"{chunk!r} is no name of a chunk")
        self._ids += raw
        self._sizes.append(size_bytes)
        self._homes.append(self._number(pack))
        self._finder.add(len(self._sizes) - 1)

    def home(self, chunk: str) -> tuple[str, int] | None:
        """The pack and the size of a chunk."""
        row = self._finder.find(bytes.fromhex(chunk))
        return None if row is None else (self._names[self._homes[row]], self._sizes[row])

    def used_bytes(self) -> dict[str, int]:
        """How much of each pack its chunks make up."""
        used = [0] * len(self._names)
        for home, size_bytes in zip(self._homes, self._sizes, strict=True):
            used[home] += size_bytes
        return dict(zip(self._names, used, strict=True))

    def by_pack(self) -> Iterator[tuple[str, dict[str, int]]]:
        """The packs and their chunks, both in order of their names; one at a time is made into a dictionary."""
        rows: list[array[int]] = [array("I") for _ in self._names]
        for row, home in enumerate(self._homes):
            rows[home].append(row)
        for name in sorted(self._names):
            chunks = {self._id(row).hex(): self._sizes[row] for row in rows[self._packs[name]]}
            yield name, dict(sorted(chunks.items()))

    def _id(self, row: int) -> bytes:
        return bytes(self._ids[ID_BYTES * row : ID_BYTES * (row + 1)])

    def _number(self, pack: str) -> int:
        number = self._packs.setdefault(pack, len(self._packs))
        if number == len(self._names):
            self._names.append(pack)
        return number

    def __getitem__(self, pack: str) -> Mapping[str, int]:
        number = self._packs[pack]
        rows: Iterable[int] = (row for row, home in enumerate(self._homes) if home == number)
        return {self._id(row).hex(): self._sizes[row] for row in rows}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls.of,
            core_schema.union_schema(
                [core_schema.is_instance_schema(cls), handler.generate_schema(dict[str, dict[str, int]])]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda packs: {name: dict(packs[name]) for name in packs}
            ),
        )
