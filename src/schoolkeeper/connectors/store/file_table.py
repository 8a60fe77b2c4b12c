"""The files of an index: 76 bytes for each, and its path."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Self, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from schoolkeeper.connectors.store.listed import StoredFile
from schoolkeeper.connectors.store.packed import Finder, Texts

ROW = struct.Struct("<32sQQqqIII")
DIGEST_BYTES = 32
Stamp = tuple[int, int, int, int]


class FileTable(Sequence[StoredFile]):
    """Files in order; each is made an object only when it is asked for.

    Raises ValueError for what cannot be: numbers out of their range, digests that are none.
    """

    def __init__(self, files: Iterable[StoredFile] = ()) -> None:
        self._paths = Texts()
        self._rows = bytearray()
        self._chunks: dict[int, bytes] = {}
        self.size_bytes = 0
        for file in files:
            self.append(file)

    @classmethod
    def of(cls, files: Iterable[StoredFile]) -> Self:
        """The same as such a table."""
        return files if isinstance(files, cls) else cls(files)

    def append(self, file: StoredFile) -> None:
        numbers = (file.size_bytes, file.inode, file.mtime_ns, file.ctime_ns, file.mode, file.uid, file.gid)
        try:
            row = ROW.pack(_raw(file.sha256), *numbers)
        except struct.error as error:
            raise ValueError(f"{file.path}: {error}") from None
        if file.chunks:
            self._chunks[len(self)] = b"".join(map(_raw, file.chunks))
        self._paths.append(file.path)
        self._rows += row
        self.size_bytes += file.size_bytes

    def take_over(self, other: "FileTable", place: int) -> None:
        """Append a file of another table."""
        if place in other._chunks:
            self._chunks[len(self)] = other._chunks[place]
        self._paths.append(other._paths[place])
        self._rows += other._row(place)
        self.size_bytes += other._numbers(place)[1]

    def find(self, path: str) -> int | None:
        """The place of a path."""
        return self._finder.find(path.encode(errors="surrogatepass"))

    @cached_property
    def _finder(self) -> Finder:
        """For a table that is complete."""
        finder = Finder(self._paths.raw)
        for place in range(len(self)):
            finder.add(place)
        return finder

    def stamp(self, place: int) -> Stamp:
        """Inode, size, and times of last change of content and of anything, both in nanoseconds."""
        _, size_bytes, inode, mtime_ns, ctime_ns, *_ = self._numbers(place)
        return inode, size_bytes, mtime_ns, ctime_ns

    def chunk_ids(self, place: int) -> list[str]:
        """The names of the chunks that make up a file."""
        if found := self._chunks.get(place):
            return [found[at : at + DIGEST_BYTES].hex() for at in range(0, len(found), DIGEST_BYTES)]
        sha256, size_bytes, *_ = self._numbers(place)
        return [sha256.hex()] if size_bytes else []

    def sha256(self, place: int) -> bytes:
        return bytes(self._row(place)[:DIGEST_BYTES])

    @property
    def paths(self) -> Sequence[str]:
        return self._paths

    def _row(self, place: int) -> bytearray:
        return self._rows[ROW.size * place : ROW.size * (place + 1)]

    def _numbers(self, place: int) -> tuple[bytes, int, int, int, int, int, int, int]:
        found: tuple[bytes, int, int, int, int, int, int, int] = ROW.unpack_from(self._rows, ROW.size * place)
        return found

    def _file(self, place: int) -> StoredFile:
        sha256, size_bytes, inode, mtime_ns, ctime_ns, mode, uid, gid = self._numbers(place)
        return StoredFile(
            path=self._paths[place],
            size_bytes=size_bytes,
            sha256=sha256.hex(),
            chunks=self.chunk_ids(place) if place in self._chunks else [],
            mode=mode,
            uid=uid,
            gid=gid,
            inode=inode,
            mtime_ns=mtime_ns,
            ctime_ns=ctime_ns,
        )

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, place: int) -> StoredFile: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[StoredFile]: ...
    def __getitem__(self, place: int | slice) -> StoredFile | Sequence[StoredFile]:
        if isinstance(place, slice):
            return [self._file(one) for one in range(*place.indices(len(self)))]
        return self._file(range(len(self))[place])

    def __iter__(self) -> Iterator[StoredFile]:
        return map(self._file, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls.of,
            core_schema.union_schema(
                [core_schema.is_instance_schema(cls), handler.generate_schema(list[StoredFile])]
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(list),
        )


def _raw(digest: str) -> bytes:
    raw = bytes.fromhex(digest)
    if len(raw) != DIGEST_BYTES:
        raise ValueError(f"{digest!r} is no SHA-256")
    return raw
