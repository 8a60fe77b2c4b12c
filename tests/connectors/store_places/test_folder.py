"""What is particular to a folder of this machine."""

import stat
from pathlib import Path

import pytest

from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.kernel.errors import Unreachable


def test_a_folder_that_is_not_there_is_never_made(tmp_path: Path) -> None:
    place = FolderPlace("backups", tmp_path / "disk")
    for work in (
        place.open,
        lambda: place.put("a/b", b"1"),
        lambda: place.put("a", b"1"),
        lambda: place.get("a"),
        lambda: place.size_bytes("a"),
        lambda: place.list(),
        lambda: place.delete("a"),
        place.free_bytes,
    ):
        with pytest.raises(Unreachable, match="backups: "):
            work()
    assert not (tmp_path / "disk").exists()


def test_only_we_may_look_into_what_we_make(tmp_path: Path) -> None:
    FolderPlace("backups", tmp_path).put("a/b/c", b"1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"a": 0o700, "b": 0o700, "c": 0o600}


def test_empty_folders_go_with_their_last_object_and_no_further(tmp_path: Path) -> None:
    place = FolderPlace("backups", tmp_path)
    place.put("a/b/c", b"1")
    place.put("a/d", b"1")
    place.delete("a/b/c")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "d"]
    place.delete("a/d/below")
    place.delete("a")
    assert place.get("a/d") == b"1"
    place.delete("a/d")
    assert list(tmp_path.iterdir()) == []
    assert tmp_path.is_dir()


def test_what_is_not_ours_is_left_out(tmp_path: Path) -> None:
    place = FolderPlace("backups", tmp_path)
    place.put("ours", b"1")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "#1").write_bytes(b"1")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "half.tmp").write_bytes(b"1")
    (Path(str(tmp_path)) / "\udcff").write_bytes(b"1")
    assert [listed.name for listed in place.list()] == ["ours"]
