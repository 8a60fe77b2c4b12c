"""Whoever may write to a folder cannot lead us out of it, nor stop us."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from schoolkeeper.connectors.store.manifest import Index
from schoolkeeper.connectors.store.tree import TreeReader
from schoolkeeper.connectors.store.walking import Entry, Gone, walk
from schoolkeeper.connectors.store.writing import Listing

SECRET = b"root:$6$secret"
Swap = Callable[[Path, Path], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "photos").mkdir(parents=True)
    (root / "photos" / "shadow").write_text("a photo")
    (root / "z").write_text("z")
    return root


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """What a link could lead to."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "shadow").write_bytes(SECRET)
    return folder


def link_to_file(place: Path, elsewhere: Path) -> None:
    place.unlink()
    place.symlink_to(elsewhere / "shadow")


def pipe(place: Path, elsewhere: Path) -> None:
    place.unlink()
    os.mkfifo(place)


def folder(place: Path, elsewhere: Path) -> None:
    place.unlink()
    place.mkdir()


def link_to_folder(place: Path, elsewhere: Path) -> None:
    place.rename(place.with_name("moved away"))
    place.symlink_to(elsewhere)


def swapping(monkeypatch: pytest.MonkeyPatch, name: str, swap: Callable[[], None]) -> None:
    """Carry out a real swap between the look at a name and its being opened."""
    opened = os.open
    waiting = [swap]

    def open_(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == name and waiting:
            waiting.pop()()
        return opened(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_)


def taken(root: Path) -> Index:
    return TreeReader(root, Listing()).read()


@pytest.mark.parametrize("swap", [link_to_file, pipe, folder])
def test_a_file_swapped_before_it_is_opened(
    root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, swap: Swap
) -> None:
    swapping(monkeypatch, "shadow", lambda: swap(root / "photos" / "shadow", elsewhere))
    index = taken(root)
    assert ([file.path for file in index.files], index.vanished) == (["z"], ["photos/shadow"])


@pytest.mark.parametrize("swap", [link_to_file, pipe])
def test_a_file_swapped_while_it_is_read_again(root: Path, elsewhere: Path, swap: Swap) -> None:
    """Our first reading of it stays; what stands there now is not read."""
    place, times = root / "photos" / "shadow", iter(range(100))

    def passing(size_bytes: int) -> None:
        if next(times) == 0:
            swap(place, elsewhere)

    index = TreeReader(root, Listing(), passing=passing).read()
    assert [file.size_bytes for file in index.files] == [len("a photo"), len("z")]
    assert index.changed == ["photos/shadow"]


def test_a_folder_swapped_before_it_is_opened(
    root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapping(monkeypatch, "photos", lambda: link_to_folder(root / "photos", elsewhere))
    index = taken(root)
    assert [file.path for file in index.files] == ["z"]
    assert index.vanished == ["photos"]


def test_a_folder_swapped_while_it_is_walked_through(
    root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays open: what was listed in it is read from it, wherever its name leads now."""
    swapping(monkeypatch, "shadow", lambda: link_to_folder(root / "photos", elsewhere))
    index = taken(root)
    assert [(file.path, file.size_bytes) for file in index.files] == [("photos/shadow", 7), ("z", 1)]


def test_a_file_replaced_by_another_file_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As programs do that write a new file and rename it."""

    def replace() -> None:
        (root / "new").write_text("another photo")
        (root / "new").rename(root / "photos" / "shadow")

    swapping(monkeypatch, "shadow", replace)
    index = taken(root)
    assert [file.size_bytes for file in index.files] == [len("another photo"), 1]
    assert index.changed == []


def test_a_link_swapped_before_it_is_read(root: Path, elsewhere: Path) -> None:
    (root / "link").symlink_to("z")
    entries = walk(root, lambda path: False, lambda path: None)
    entry = next(one for one in entries if one.name == "link")
    (root / "link").unlink()
    (root / "link").write_text("a file")
    with pytest.raises(Gone):
        entry.leads_to()


def test_pipes_and_sockets_are_never_opened(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert taken(root).skipped == ["pipe"]


def test_what_cannot_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(folder: int) -> list[str]:
        raise OSError(5, "Input/output error")

    entries = walk(root, lambda path: False, lambda path: None)
    assert next(entries).name == "photos"
    monkeypatch.setattr(os, "stat", lambda *_, **__: failing(0))
    with pytest.raises(OSError, match="photos/shadow"):
        next(entries)


def test_no_folder_stays_open(root: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir())
    entries = walk(root, lambda path: False, lambda path: None)
    next(entries)
    entries.close()  # type: ignore[attr-defined]
    taken(root)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_tree_deeper_than_any_call_may_be(tmp_path: Path) -> None:
    (tmp_path / "/".join(["d"] * 600)).mkdir(parents=True)
    found: list[Entry] = list(walk(tmp_path, lambda path: False, lambda path: None))
    assert len(found) == 600
    assert all(stat.S_ISDIR(one.status.st_mode) for one in found)
