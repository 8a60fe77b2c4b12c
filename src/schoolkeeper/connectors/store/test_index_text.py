"""An index goes into text and back, piece by piece, as if it had gone in one."""

import hashlib
import json
import random
from collections.abc import Iterator

import pytest

from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.index_text import index_digest, index_text, read_index
from schoolkeeper.connectors.store.json_stream import JsonStream
from schoolkeeper.connectors.store.manifest import Folder, Index, Link, StoredFile
from schoolkeeper.connectors.store.packed import Finder
from schoolkeeper.kernel.canonical import canonical, digest

NAMES = ["a", 'quoted "so"', "back\\slash", "ü/ß", "new\nline", "tab\t", "\x7f", "caf\\xe9", "\u2028", "😀"]


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def an_index(files: int = len(NAMES)) -> Index:
    chance = random.Random(7)
    listed = [
        StoredFile(
            path=NAMES[number] if number < len(NAMES) else f"folder/{number}",
            size_bytes=chance.choice([0, 1, 5_000_000_000]),
            sha256=name(str(number)),
            chunks=[name(f"{number}.{part}") for part in range(chance.choice([0, 0, 2, 5]))],
            mode=0o640,
            uid=4_294_967_294,
            gid=33,
            inode=18_446_744_073_709_551_615 - number,
            mtime_ns=-5 if number == 3 else 1_700_000_000_123_456_789 + number,
            ctime_ns=number,
        )
        for number in range(files)
    ]
    packs = {f"packs/{pack}": {name(f"{pack}.{chunk}"): chunk + 1 for chunk in range(50)} for pack in (2, 10, 1)}
    return Index(
        packs=ChunkTable(packs),
        files=FileTable(listed),
        folders=[Folder(path="ü", mode=0o750, uid=1, gid=2, mtime_ns=3)],
        links=[Link(path="link", target="a", uid=1, gid=2)],
        changed=["a"],
        since="before",
        added=["b", 'c"'],
    )


def in_blocks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def test_the_text_is_the_canonical_one() -> None:
    index = an_index()
    text = b"".join(index_text(index))
    assert text.decode() == canonical(index)
    assert hashlib.sha256(text).hexdigest() == index_digest(index) == digest(index)


def test_a_list_from_before_there_were_all_members_keeps_its_digest() -> None:
    index = an_index()
    text = b"".join(index_text(index))
    assert not {"top", "attributes"} & json.loads(text).keys()
    known = {"top": Folder(path="", mode=0o750, uid=1, gid=2, mtime_ns=3), "attributes": {"user.a": 1}}
    later = index.model_copy(update=known)
    assert b"".join(index_text(later)).decode() == canonical(later)
    assert index_digest(later) == digest(later) != digest(index)
    assert read_index(index_text(later)) == later


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_it_comes_back_from_blocks_of_any_size(size: int) -> None:
    index = an_index()
    assert read_index(in_blocks(b"".join(index_text(index)), size)) == index


def test_many_files_come_back() -> None:
    index = an_index(5_000)
    again = read_index(in_blocks(b"".join(index_text(index)), 65_536))
    assert again == index
    assert [again.files.find(file.path) for file in index.files] == list(range(5_000))
    assert again.files.find("folder/5000") is None
    assert again.files.size_bytes == sum(file.size_bytes for file in index.files)


def test_the_order_and_the_spaces_of_earlier_releases_do_not_matter() -> None:
    index = an_index()
    text = index.model_dump_json(indent=1).encode()
    assert list(json.loads(text))[:2] == ["packs", "files"]
    assert read_index(in_blocks(text, 100)) == index
    assert index_digest(read_index([text])) == digest(index)


GOOD = b"".join(index_text(an_index()))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        GOOD[:-1],
        GOOD[:500],
        GOOD + b"{}",
        GOOD.replace(b'"since":', b'"sinced":'),
        GOOD.replace(b'"size_bytes":1', b'"size_bytes":-1'),
        GOOD.replace(b'"size_bytes":1', b'"size_bytes":1.5'),
        GOOD.replace(b'"uid":4294967294', b'"uid":4294967296'),
        GOOD.replace(b'"sha256":"', b'"sha256":"z'),
        GOOD.replace(b'"path":"a"', b'"path":"\\ud800"'),
        GOOD.replace(b'"path":"a"', b'"path":"\xff"'),
        GOOD.replace(b'{"packs', b'{"packs":{"a":{"b":1}},"packs'),
        b'{"packs":{"a":{"' + b"0" * 64 + b'":18446744073709551616}},"files":[]}',
    ],
)
def test_what_is_no_index_is_told(text: bytes) -> None:
    if text == GOOD:
        pytest.fail("the text was not changed")
    with pytest.raises(ValueError):  # noqa: PT011 - each fault has words of its own
        read_index(in_blocks(text, 64))


def test_numbers_are_not_cut_where_a_block_ends() -> None:
    stream = JsonStream(in_blocks(b'{"a": 12345, "b": [true, null, -1.5e3]}', 1))
    found = {}
    for member in stream.members():
        found[member] = stream.value() if member == "a" else list(stream.elements())
    assert found == {"a": 12345, "b": [True, None, -1500.0]}


def test_chunks_are_found_in_their_packs() -> None:
    packs = {f"pack{pack}": {name(f"{pack} {chunk}"): chunk for chunk in range(300)} for pack in range(10)}
    table = ChunkTable(packs)
    assert {pack: dict(chunks) for pack, chunks in table.items()} == packs
    assert table.home(name("7 8")) == ("pack7", 8)
    assert table.home(name("7 300")) is None
    assert table.used_bytes()["pack0"] == sum(range(300))
    with pytest.raises(ValueError, match="no name"):
        table.add("abcd", "pack0", 1)


def test_rows_with_the_same_hash_are_told_apart() -> None:
    """Whatever the hash of a text is here, among so many some share a place."""
    keys = [str(number).encode() for number in range(10_000)]
    finder = Finder(keys.__getitem__)
    for row in range(len(keys)):
        finder.add(row)
    assert [finder.find(key) for key in keys] == list(range(10_000))
    assert finder.find(b"another") is None
