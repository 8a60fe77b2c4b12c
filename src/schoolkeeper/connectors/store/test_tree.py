"""A folder goes into a store and comes back as it was, each content once."""

import hashlib
import os
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.connectors.store import reading, writing
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.manifest import Index, Link, Part
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.connectors.store.planting import TEMPORARY, plant, remove_tree
from schoolkeeper.connectors.store.reading import ChunkReader
from schoolkeeper.connectors.store.spelling import unspelled
from schoolkeeper.connectors.store.tree import TICK_NS, TreeReader
from schoolkeeper.connectors.store.writing import NOTHING_KNOWN, ChunkWriter, Known, Listing

IDENTITY = pyrage.x25519.Identity.generate()


class Store:
    """A folder of objects, into which folders are put one after the other."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.place = FolderPlace("store", path)
        self.taken = 0

    def take(
        self,
        root: Path,
        *exclude: str,
        before: Index | None = None,
        packs: list[Part] | None = None,
        passing: Callable[[int], None] = lambda size: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> tuple[list[Part], Index, int]:
        """Its packs, its index, and how many bytes were written for it."""
        self.taken += 1
        known, files = NOTHING_KNOWN, before.files if before else None
        if before and packs:
            known = Known({pack.name: pack for pack in packs}, before.packs)
        with ChunkWriter(self.place.put, f"packs/{self.taken}.", [str(IDENTITY.to_public())], known) as writer:
            index = TreeReader(root, writer, exclude, files, "before" if before else "", passing, clock).read()
            packs, used = writer.finish()
        return packs, index.model_copy(update={"packs": used}), writer.new_bytes

    def bring_back(self, packs: list[Part], index: Index, root: Path) -> dict[str, str]:
        """What is wrong with which file."""
        root.mkdir(exist_ok=True)
        with ChunkReader(self.place.get, packs, index, IDENTITY) as reader:
            return {
                file.path: wrong
                for file, wrong in plant(lambda file: reader.read(file.chunk_ids), index, root)
                if wrong
            }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


def test_it_comes_back_as_it_was(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "ordner ü" / "leer").mkdir(parents=True)
    (root / "ordner ü" / "brief.txt").write_text("liebe eltern")
    (root / "ordner ü" / "brief.txt").chmod(0o640)
    os.utime(root / "ordner ü" / "brief.txt", (1_700_000_000, 1_700_000_000.5))
    (root / "link").symlink_to("ordner ü/brief.txt")
    os.link(root / "ordner ü" / "brief.txt", root / "second name")
    (root / "film").write_bytes(os.urandom(9_000_000))
    (root / "empty").touch()
    os.mkfifo(root / "pipe")
    os.utime(root / "ordner ü", (1_600_000_000, 1_600_000_000))
    packs, index, _ = store.take(root)
    copy = tmp_path / "copy"
    assert store.bring_back(packs, index, copy) == {}
    assert (copy / "ordner ü" / "brief.txt").read_text() == "liebe eltern" == (copy / "second name").read_text()
    assert (copy / "film").read_bytes() == (root / "film").read_bytes()
    assert (copy / "empty").read_bytes() == b""
    assert (copy / "ordner ü" / "leer").is_dir()
    assert (copy / "link").readlink() == Path("ordner ü/brief.txt")
    status = (copy / "ordner ü" / "brief.txt").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 1_700_000_000.5)
    assert (copy / "ordner ü").stat().st_mtime == 1_600_000_000
    assert index.skipped == ["pipe"]
    assert store.bring_back(packs, index, copy) == {}  # once more changes nothing


def test_each_content_is_stored_once(store: Store, root: Path) -> None:
    photo = os.urandom(3_000_000)
    for name in ("a", "b", "c"):
        (root / name).write_bytes(photo)
    packs, index, new_bytes = store.take(root)
    assert new_bytes < 3_100_000
    (root / "d").write_bytes(photo)
    (root / "e").write_bytes(os.urandom(1_000_000))
    (root / "a").unlink()
    (root / "b").write_bytes(b"other")
    packs, index, new_bytes = store.take(root, before=index, packs=packs)
    assert new_bytes < 1_100_000
    assert (index.added, index.altered, index.deleted) == (["d", "e"], ["b"], ["a"])
    packs, index, new_bytes = store.take(root, before=index, packs=packs)
    assert new_bytes == 0
    assert (index.added, index.altered, index.deleted) == ([], [], [])


def test_a_page_inserted_into_a_large_file_costs_little(store: Store, root: Path, tmp_path: Path) -> None:
    content = os.urandom(20_000_000)
    (root / "dump").write_bytes(content)
    packs, index, _ = store.take(root)
    (root / "dump").write_bytes(content[:7_000_000] + b"one more row" + content[7_000_000:])
    packs, index, new_bytes = store.take(root, before=index, packs=packs)
    assert new_bytes < 5_000_000
    assert store.bring_back(packs, index, tmp_path / "copy") == {}
    assert (tmp_path / "copy" / "dump").read_bytes() == (root / "dump").read_bytes()


def test_the_folder_itself_comes_back(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "a").write_text("a")
    os.chown(root, 33, 34)
    root.chmod(0o2770)
    os.utime(root, (1_500_000_000, 1_500_000_000))
    packs, index, _ = store.take(root)
    copy = tmp_path / "copy"
    assert store.bring_back(packs, index, copy) == {}
    status = copy.stat()
    found = (status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_mtime)
    assert found == (0o2770, 33, 34, 1_500_000_000)


def test_a_list_that_does_not_say_how_the_folder_was_leaves_it_alone(
    store: Store, root: Path, tmp_path: Path
) -> None:
    (root / "a").write_text("a")
    packs, index, _ = store.take(root)
    older = index.model_copy(update={"top": None})
    assert "top" not in older.model_dump_json()
    copy = tmp_path / "copy"
    copy.mkdir()
    copy.chmod(0o705)
    assert store.bring_back(packs, older, copy) == {}
    assert copy.stat().st_mode & 0o777 == 0o705


# What `setfacl --modify u:33:r` writes (source: linux/posix_acl_xattr.h): owner, user 33, group, mask, others.
ACCESS = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, may, who)
    for tag, may, who in ((1, 6, 2**32 - 1), (2, 4, 33), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1))
)


def test_attributes_that_are_not_in_the_set_are_counted(store: Store, root: Path) -> None:
    for name in ("a", "b", "c"):
        (root / name).write_text(name)
    (root / "folder").mkdir()
    for name in ("a", "folder"):
        os.setxattr(root / name, "user.origin", b"scanner")
    os.setxattr(root / "b", "system.posix_acl_access", ACCESS)
    packs, index, _ = store.take(root, clock=in_an_hour)
    assert index.attributes == {"user.origin": 2, "system.posix_acl_access": 1}
    assert store.take(root, before=index, packs=packs)[1].attributes == index.attributes


def test_unchanged_files_are_not_read_again(store: Store, root: Path) -> None:
    """Seen by its being unreadable meanwhile: what is the same by inode, size and times is taken over."""
    (root / "a").write_text("a")
    packs, index, _ = store.take(root, clock=in_an_hour)
    read: list[int] = []
    store.take(root, before=index, packs=packs, passing=read.append)
    assert read == []
    os.utime(root / "a", (1, 1))
    store.take(root, before=index, packs=packs, passing=read.append)
    assert read == [1]


def in_an_hour() -> int:
    return time.time_ns() + 3_600 * 1_000_000_000


def test_a_file_rewritten_within_the_same_tick_is_not_taken_over(store: Store, root: Path) -> None:
    """Its inode, size and times are those that the set before saw; its content is another."""
    file = root / "grades"
    file.write_text("after!")
    status = file.stat()
    _, index, _ = store.take(root, clock=lambda: status.st_ctime_ns + 1)
    (stored,) = index.files
    assert (stored.inode, stored.size_bytes, stored.mtime_ns) == (status.st_ino, 6, status.st_mtime_ns)
    seen = stored.model_copy(update={"sha256": hashlib.sha256(b"before").hexdigest()})
    before = index.model_copy(update={"files": FileTable([seen])})
    reader = TreeReader(root, Listing(), before=before.files, since="before", clock=in_an_hour)
    index = reader.read()
    assert index.files[0].sha256 == hashlib.sha256(b"after!").hexdigest()
    assert (index.altered, index.files[0].ctime_ns) == (["grades"], status.st_ctime_ns)


@pytest.mark.parametrize(("after_ns", "settled"), [(TICK_NS, False), (TICK_NS + 1, True)])
def test_when_a_file_counts_as_settled(store: Store, root: Path, after_ns: int, *, settled: bool) -> None:
    (root / "a").write_text("a")
    written_ns = (root / "a").stat().st_ctime_ns
    packs, index, _ = store.take(root, clock=lambda: written_ns + after_ns)
    read: list[int] = []
    store.take(root, before=index, packs=packs, passing=read.append)
    assert (read == []) is settled


def test_what_is_excluded_is_neither_stored_nor_listed(store: Store, root: Path) -> None:
    for name in ("cache/x/y", "photo.jpg", "photo.tmp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    _, index, _ = store.take(root, "cache", "*.tmp")
    assert [file.path for file in index.files] == ["photo.jpg"]
    assert index.folders == []


class Meddling:
    """Does something to a file at the first so many moments when a chunk has passed."""

    def __init__(self, times: int, what: Callable[[], object]) -> None:
        self.times, self.what = times, what

    def __call__(self, size_bytes: int) -> None:
        if self.times:
            self.times -= 1
            self.what()


def rewrite(file: Path, content: bytes) -> None:
    file.write_bytes(content + os.urandom(8))


@pytest.mark.parametrize("new", [b"", b"longer" * 1_000_000], ids=["shorter", "longer"])
def test_a_file_that_changes_once_is_read_again(store: Store, root: Path, tmp_path: Path, new: bytes) -> None:
    file = root / "upload"
    file.write_bytes(b"before" * 500_000)
    packs, index, _ = store.take(root, passing=Meddling(1, lambda: rewrite(file, new)))
    assert index.changed == []
    assert index.files[0].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert store.bring_back(packs, index, tmp_path / "copy") == {}
    assert (tmp_path / "copy" / "upload").read_bytes() == file.read_bytes()


def test_a_file_that_never_stands_still_is_listed(store: Store, root: Path) -> None:
    file = root / "log"
    file.write_bytes(b"before" * 500_000)
    _, index, _ = store.take(root, passing=Meddling(1_000, lambda: rewrite(file, b"x" * 3_000_000)))
    assert index.changed == ["log"]
    assert [stored.path for stored in index.files] == ["log"]


def test_a_file_that_goes_away_is_listed(store: Store, root: Path) -> None:
    (root / "a").write_bytes(b"x" * 3_000_000)
    (root / "b").write_text("b")
    _, index, _ = store.take(root, passing=lambda size: (root / "b").unlink(missing_ok=True))
    assert index.vanished == ["b"]
    assert [stored.path for stored in index.files] == ["a"]


def test_a_file_that_goes_away_after_it_was_read_is_in_the_set(store: Store, root: Path) -> None:
    session = root / "session"
    session.write_bytes(b"x" * 3_000_000)
    _, index, _ = store.take(root, passing=lambda size: session.unlink(missing_ok=True))
    assert not session.exists()
    assert ([file.path for file in index.files], index.changed, index.vanished) == (["session"], [], [])


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


def test_names_that_are_not_utf8_come_back(store: Store, root: Path, tmp_path: Path) -> None:
    for name in NAMES:
        (root / os.fsdecode(name)).write_bytes(name)
    packs, index, _ = store.take(root)
    again = Index.model_validate_json(index.model_dump_json())
    assert sorted(unspelled(file.path) for file in again.files) == sorted(NAMES)
    assert store.bring_back(packs, again, tmp_path / "copy") == {}
    assert sorted(os.fsencode(path.name) for path in (tmp_path / "copy").iterdir()) == sorted(NAMES)


def test_links_that_lead_out_of_the_folder_are_listed(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "within").symlink_to("../folder")
    (root / "submissions").symlink_to(tmp_path)
    (root / "folder" / "up").symlink_to("../..")
    assert store.take(root)[1].outside == ["folder/up", "submissions"]


def test_every_damage_is_told_with_the_files_that_it_hits(store: Store, root: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (root / name).write_bytes(os.urandom(1_000))
    packs, index, _ = store.take(root)
    sealed = bytearray(store.place.get(packs[0].name))
    sealed[-1] ^= 1
    store.place.put(packs[0].name, bytes(sealed))
    wrong = store.bring_back(packs, index, tmp_path / "copy")
    assert set(wrong) == {"a", "b"}
    assert "SHA-256" in wrong["a"]
    store.place.delete(packs[0].name)
    assert "not there" in store.bring_back(packs, index, tmp_path / "copy")["b"]
    assert list((tmp_path / "copy").iterdir()) == []


def test_an_index_cannot_lead_out_of_the_folder(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "a").write_text("a")
    packs, index, _ = store.take(root)
    evil = index.model_copy(update={"files": [index.files[0].model_copy(update={"path": "../outside"})]})
    with pytest.raises(ValueError, match="leads out"):
        store.bring_back(packs, evil, tmp_path / "copy")
    assert not (tmp_path / "outside").exists()


def test_what_reading_or_storing_raises_comes_out(store: Store, root: Path) -> None:
    (root / "a").write_bytes(os.urandom(60_000_000))

    def full(name: str, data: bytes) -> None:
        raise OSError("full")

    def take() -> None:
        with ChunkWriter(full, "x.", [str(IDENTITY.to_public())], NOTHING_KNOWN) as writer:
            TreeReader(root, writer).read()
            writer.finish()

    with pytest.raises(OSError, match="full"):
        take()


def test_opened_packs_of_tiny_files_do_not_pile_up(
    store: Store, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is what a pack takes in memory, not what its chunks hold."""
    for number in range(400):
        (root / f"{number:03}").write_text(str(number))
    for module in (writing, reading):
        monkeypatch.setattr(module, "PACK_BYTES", 10_000)
    packs, index, _ = store.take(root)
    assert len(packs) == 40
    monkeypatch.setattr(reading, "KEPT_BYTES", 100_000)
    with ChunkReader(store.place.get, packs, index, IDENTITY) as reader:
        for file in index.files:
            assert b"".join(reader.read(file.chunk_ids)) == str(int(file.path)).encode()
            assert len(reader._kept) <= 10


def test_a_chunk_without_a_home_is_damage(store: Store, root: Path) -> None:
    (root / "a").write_text("a")
    packs, index, _ = store.take(root)
    lost = index.model_copy(update={"packs": {}})
    with ChunkReader(store.place.get, packs, lost, IDENTITY) as reader, pytest.raises(Damaged):
        list(reader.read(lost.files[0].chunk_ids))


@pytest.mark.parametrize("path", ["way/planted", ".", ""])
def test_nothing_is_brought_back_through_a_link_of_the_set_itself(
    store: Store, root: Path, tmp_path: Path, path: str
) -> None:
    (root / "a").write_text("a")
    packs, index, _ = store.take(root)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    links = [Link(path=name, target=str(elsewhere), uid=0, gid=0) for name in ("way", path)]
    with pytest.raises(ValueError, match="leads out"):
        store.bring_back(packs, index.model_copy(update={"links": links}), tmp_path / "copy")
    assert list(elsewhere.iterdir()) == []


def test_a_link_laid_where_a_file_is_being_written_leads_nowhere(store: Store, root: Path, tmp_path: Path) -> None:
    (root / "a").write_text("new")
    packs, index, _ = store.take(root)
    victim, copy = tmp_path / "victim", tmp_path / "copy"
    victim.write_text("as it was")
    copy.mkdir(exist_ok=True)
    (copy / f"a{TEMPORARY}").symlink_to(victim)
    assert store.bring_back(packs, index, copy) == {}
    assert ((copy / "a").read_text(), victim.read_text()) == ("new", "as it was")


def test_a_closed_folder_is_removed_also_by_an_ordinary_user() -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "work" / "closed" / "below").mkdir(parents=True)
    (folder / "work" / "closed" / "below" / "grades").write_text("decrypted")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                for path in (folder, *folder.rglob("*")):
                    os.chown(path, 65534, 65534)
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            (folder / "work" / "closed" / "below").chmod(0o555)
            (folder / "work" / "closed").chmod(0o000)
            remove_tree(folder / "work")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert list(folder.iterdir()) == []
    folder.rmdir()
