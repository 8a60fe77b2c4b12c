import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from schoolkeeper.connectors.store.archive import Archiver
from schoolkeeper.connectors.store.manifest import FilesContents
from schoolkeeper.connectors.store.spelling import unspelled


def archived(root: Path, *exclude: str) -> tuple[bytes, FilesContents]:
    sink = io.BytesIO()
    contents = Archiver(root, sink, exclude).write()
    return sink.getvalue(), contents


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    root, copy = tmp_path / "root", tmp_path / "copy"
    (root / "ordner ü" / "leer").mkdir(parents=True)
    (root / "ordner ü" / "brief.txt").write_text("liebe eltern")
    (root / "ordner ü" / "brief.txt").chmod(0o640)
    os.utime(root / "ordner ü" / "brief.txt", (1_700_000_000, 1_700_000_000.5))
    (root / "link").symlink_to("ordner ü/brief.txt")
    os.link(root / "ordner ü" / "brief.txt", root / "second name")
    os.mkfifo(root / "pipe")
    tar, contents = archived(root)
    copy.mkdir()
    subprocess.run(["tar", "x", "-C", copy], input=tar, check=True)
    assert (copy / "ordner ü" / "brief.txt").read_text() == "liebe eltern" == (copy / "second name").read_text()
    assert (copy / "ordner ü" / "leer").is_dir()
    assert (copy / "link").readlink() == Path("ordner ü/brief.txt")
    status = (copy / "ordner ü" / "brief.txt").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 1_700_000_000.5)
    assert contents.skipped == ["pipe"]
    assert {file.path: file.sha256 for file in contents.files} == {
        "ordner ü/brief.txt": hashlib.sha256(b"liebe eltern").hexdigest(),
        "second name": hashlib.sha256(b"liebe eltern").hexdigest(),
    }


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).write_text(name)
    assert archived(tmp_path) == archived(tmp_path)


def test_what_is_excluded_is_neither_stored_nor_listed(tmp_path: Path) -> None:
    for name in ("cache/x/y", "photo.jpg", "photo.tmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    tar, contents = archived(tmp_path, "cache", "*.tmp")
    assert [file.path for file in contents.files] == ["photo.jpg"]
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        assert opened.getnames() == ["photo.jpg"]


class Meddling(io.BytesIO):
    """A sink that changes a file at the moments when its bytes arrive."""

    def __init__(self, file: Path, times: int, new: bytes) -> None:
        super().__init__()
        self.file, self.times, self.new = file, times, new

    def write(self, data: object) -> int:
        if self.times:
            self.times -= 1
            self.file.write_bytes(self.new + os.urandom(8))
            os.utime(self.file, ns=(1, self.times))
        return super().write(data)  # type: ignore[arg-type]


@pytest.mark.parametrize("new", [b"", b"longer" * 1_000_000], ids=["shorter", "longer"])
def test_a_file_that_changes_once_is_read_again(tmp_path: Path, new: bytes) -> None:
    file = tmp_path / "upload"
    file.write_bytes(b"before" * 500_000)
    sink = Meddling(file, 1, new)
    contents = Archiver(tmp_path, sink).write()
    assert contents.changed == []
    assert contents.files[0].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "x", "-C", unpacked], input=sink.getvalue(), check=True)
    assert (unpacked / "upload").read_bytes() == file.read_bytes()


def test_a_file_that_never_stands_still_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"before" * 500_000)
    contents = Archiver(tmp_path, Meddling(file, 1_000, b"x" * 3_000_000)).write()
    assert contents.changed == ["log"]
    assert [stored.path for stored in contents.files] == ["log"]


def test_a_file_that_goes_away_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_text("b")

    class Removing(io.BytesIO):
        def write(self, data: object) -> int:
            (tmp_path / "b").unlink(missing_ok=True)
            return super().write(data)  # type: ignore[arg-type]

    contents = Archiver(tmp_path, Removing()).write()
    assert contents.vanished == ["b"]
    assert [stored.path for stored in contents.files] == ["a"]


class Deleting(io.BytesIO):
    """A sink that deletes a file as soon as its content has arrived."""

    def __init__(self, file: Path, content: bytes) -> None:
        super().__init__()
        self.file, self.content = file, content

    def write(self, data: object) -> int:
        written = super().write(data)  # type: ignore[arg-type]
        if self.content in self.getvalue():
            self.file.unlink(missing_ok=True)
        return written


def test_a_file_that_goes_away_after_it_was_read_is_in_archive_and_list(tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("keep")
    session = tmp_path / "session"
    session.write_bytes(b"x" * 3_000_000)
    sink = Deleting(session, b"x" * 2_000_000)
    contents = Archiver(tmp_path, sink).write()
    assert not session.exists()
    with tarfile.open(fileobj=io.BytesIO(sink.getvalue())) as opened:
        assert opened.getnames() == [file.path for file in contents.files] == ["keep", "session"]
    assert (contents.changed, contents.vanished) == ([], [])


def test_a_file_that_changes_and_then_goes_away_is_in_archive_and_list(tmp_path: Path) -> None:
    session = tmp_path / "session"
    session.write_bytes(b"x" * 3_000_000)

    class Cutting(Deleting):
        def write(self, data: object) -> int:
            if self.file.exists():
                os.truncate(self.file, 2_500_000)
            return super().write(data)

    contents = Archiver(tmp_path, Cutting(session, b"x" * 2_000_000)).write()
    assert [file.path for file in contents.files] == contents.changed == ["session"]


NAMES = [
    b"caf\xe9.jpg",
    b"caf\\xe9.jpg",
    b"\\x5c",
    b"\\\\xe9",
    b"\\\xe9",
    b"back\\slash",
    "ü".encode(),
    b"\xff\xfe",
]


def test_names_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    root, copy = tmp_path / "root", tmp_path / "copy"
    root.mkdir()
    copy.mkdir()
    for name in NAMES:
        (root / os.fsdecode(name)).write_bytes(name)
    tar, contents = archived(root)
    again = FilesContents.model_validate_json(contents.model_dump_json())
    assert sorted(unspelled(file.path) for file in again.files) == sorted(NAMES)
    subprocess.run(["tar", "x", "-C", copy], input=tar, check=True)
    assert sorted(os.fsencode(path.name) for path in copy.iterdir()) == sorted(NAMES)


def test_links_that_lead_out_of_the_folder_are_listed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "within").symlink_to("../folder")
    (root / "submissions").symlink_to(tmp_path)
    (root / "folder" / "up").symlink_to("../..")
    assert archived(root)[1].outside == ["folder/up", "submissions"]
