"""Files that another tool keeps are asked for in batches, and are told when they lack."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from schoolkeeper.connectors import kept_files
from schoolkeeper.connectors.engines.protocol import EngineLook
from schoolkeeper.connectors.kept_files import reading
from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.manifest import FilesPart, Held, Index, StoredFile
from schoolkeeper.connectors.store.planting import Content, plant_file
from schoolkeeper.kernel.errors import Permanent, Unreachable

PART = FilesPart(
    component="uploads",
    files=5,
    bytes=5,
    changed=0,
    vanished=0,
    held=Held(component="tool", engine="restic", copy_id="copy"),
)


def stored(name: str) -> StoredFile:
    whole = hashlib.sha256(name.encode()).hexdigest()
    return StoredFile(
        path=name,
        size_bytes=len(name),
        sha256=whole,
        mtime_ns=0,
        mode=0o644,
        uid=0,
        gid=0,
        chunks=(),
        inode=0,
        ctime_ns=0,
    )


FILES = [stored(name) for name in ("ann", "ben", "cem", "dan", "eve")]


class Tool:
    """Has every file but those that are `lost`, and notes each asking with the mode of the folder."""

    def __init__(self, lost: Sequence[str] = (), fault: Exception | None = None) -> None:
        self.lost, self.fault = lost, fault
        self.asked: list[tuple[str, ...]] = []
        self.modes: set[int] = set()

    def fetch_files(self, copy_id: str, component: str, into: Path, only: Sequence[str] = ()) -> None:
        self.asked.append(tuple(only))
        self.modes.add(into.stat().st_mode & 0o777)
        if self.fault:
            raise self.fault
        for name in set(only) - set(self.lost):
            (into / name).write_text(name)


def opened(tool: Tool, folder: Path) -> Any:
    engines = cast("Callable[[str], EngineLook]", lambda _: tool)
    index = Index(packs=ChunkTable(), files=FileTable(FILES))
    return reading(cast("Any", None), PART, index, engines, folder)


def said(content: Content) -> Iterator[str]:
    for file in FILES:
        try:
            yield b"".join(content(file)).decode()
        except Damaged as error:
            yield str(error)


def test_one_that_is_lost_is_told_and_costs_no_further_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "BATCH_FILES", 3)
    tool = Tool(lost=["ben", "cem"])
    with opened(tool, tmp_path / "held") as content:
        assert list(said(content)) == ["ann", "it did not come back", "it did not come back", "dan", "eve"]
    assert tool.asked == [("ann", "ben", "cem"), ("dan", "eve")]
    assert not (tmp_path / "held").exists()


def test_a_copy_that_is_gone_is_asked_for_once(tmp_path: Path) -> None:
    tool = Tool(fault=Permanent("the repository holds no snapshot copy"))
    with opened(tool, tmp_path / "held") as content:
        assert set(said(content)) == {"the repository holds no snapshot copy"}
    assert len(tool.asked) == 1


def test_nobody_else_reads_what_is_on_its_way(tmp_path: Path) -> None:
    tool = Tool()
    with opened(tool, tmp_path / "held") as content:
        assert list(said(content)) == [file.path for file in FILES]
    assert tool.modes == {0o700}


def test_what_a_tool_broke_off_leaves_nothing_where_users_look(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    tool = Tool(fault=Unreachable("tool", "away"))
    with opened(tool, tmp_path / "held") as content, pytest.raises(Unreachable):
        plant_file(content, FILES[0], tmp_path / "uploads" / "ann")
    assert list((tmp_path / "uploads").iterdir()) == []
