"""An index as text and back, piece by piece, because that of a million files is some hundred megabytes long.

The text is the canonical one, so that its SHA-256 is the digest that the manifest has.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from json.encoder import encode_basestring
from typing import Any

from pydantic import TypeAdapter

from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.json_stream import JsonStream
from schoolkeeper.connectors.store.listed import Folder, Link, StoredFile
from schoolkeeper.connectors.store.manifest import Index
from schoolkeeper.kernel.canonical import canonical

LISTS: dict[str, TypeAdapter[Any]] = {"folders": TypeAdapter(Folder), "links": TypeAdapter(Link)}
BLOCK_BYTES = 1 << 18
MOST_BYTES = 1 << 62


def index_text(index: Index) -> Iterator[bytes]:
    """The canonical JSON text of an index, in blocks."""
    block: list[str] = []
    length = 0
    for piece in _pieces(index):
        block.append(piece)
        length += len(piece)
        if length >= BLOCK_BYTES:
            yield "".join(block).encode()
            block, length = [], 0
    yield "".join(block).encode()


def index_digest(index: Index) -> str:
    """What `digest` says of an index."""
    whole = hashlib.sha256()
    for block in index_text(index):
        whole.update(block)
    return whole.hexdigest()


def read_index(blocks: Iterable[bytes]) -> Index:
    """The index in a JSON text, whatever the order of its members. Raises ValueError for what is none."""
    stream, packs, files = JsonStream(blocks), ChunkTable(), FileTable()
    rest: dict[str, object] = {"packs": packs, "files": files}
    for name in stream.members():
        if name == "packs":
            for pack in stream.members():
                packs.add_pack(pack, _sizes(stream.value()))
        elif name == "files":
            for file in stream.elements():
                files.append(StoredFile.model_validate(file))
        elif name in LISTS:
            rest[name] = [LISTS[name].validate_python(one) for one in stream.elements()]
        else:
            rest[name] = stream.value()
    stream.end()
    return Index.model_validate(rest)


def _sizes(found: object) -> dict[str, int]:
    if not isinstance(found, dict) or not all(
        type(size) is int and 0 <= size < MOST_BYTES for size in found.values()
    ):
        raise ValueError("the sizes of chunks are no numbers")
    return found


def _pieces(index: Index) -> Iterator[str]:
    yield "{"
    known = sorted((name, value) for name, value in index if name not in index.unknown)
    for place, (name, value) in enumerate(known):
        yield f"{',' if place else ''}{canonical(name)}:"
        if name == "packs":
            yield from _joined("{", (_pack(*one) for one in ChunkTable.of(value).by_pack()), "}")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _joined("[", map(_file if name == "files" else canonical, value), "]")
        else:
            yield canonical(value)
    yield "}"


def _joined(begin: str, pieces: Iterator[str], end: str) -> Iterator[str]:
    first = next(pieces, "")
    return chain([begin, first], (f",{piece}" for piece in pieces), [end])


def _pack(name: str, chunks: dict[str, int]) -> str:
    return f"{encode_basestring(name)}:{canonical(chunks)}"


def _file(file: StoredFile) -> str:
    """As `canonical` has it, which would take most of the time of all."""
    chunks = ",".join(f'"{chunk}"' for chunk in file.chunks)
    return (
        f'{{"chunks":[{chunks}],"ctime_ns":{file.ctime_ns},"gid":{file.gid},"inode":{file.inode},'
        f'"mode":{file.mode},"mtime_ns":{file.mtime_ns},"path":{encode_basestring(file.path)},'
        f'"sha256":"{file.sha256}","size_bytes":{file.size_bytes},"uid":{file.uid}}}'
    )
