"""Reading a folder for a set: every file as chunks, with a list of exactly what was read.

Steps for one file, because an ERP goes on working while it is read:
1. If the set before has a file of this path with the same inode, size and times, its chunks are taken over unread,
   unless it had been written to just before it was read: what is written within the same tick of the file system's
   clock changes no time.
2. Otherwise it is read and stored chunk by chunk, and looked at again. If size, time and inode are the same, it is
   done.
3. If not, it is read again, up to three times in all. What was stored already is not stored twice.
4. A file that changed each time is listed as changed. One that went away before it was read is listed as vanished;
   one that went away afterwards is in the set, hence in the list of files.
"""

import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Protocol

from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.manifest import Folder, Index, Link, StoredFile
from schoolkeeper.connectors.store.pack import Readable
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.connectors.store.walking import Entry, Gone, walk
from schoolkeeper.connectors.store.writing import Written

ATTEMPTS = 3
# The coarsest clock of a file system that ERPs are found on (FAT) has ticks of two seconds.
TICK_NS = 2_000_000_000
# In the place of a ctime: one that no file has, so that the next set reads it again.
UNSETTLED_NS = 0


class Storing(Protocol):
    """Where the content of files goes."""

    def add(self, stream: Readable, passing: Callable[[int], None]) -> Written: ...

    def reuse(self, chunks: Sequence[str]) -> bool: ...


@dataclass
class TreeReader:
    """Stores a folder through `writer`.

    `before` are the files of the set before, by which unchanged ones are known; `exclude` are patterns on relative
    paths, in which `*` also matches "/"; `clock` tells the time in nanoseconds. The order is that of the names.
    Raises OSError for what cannot be read: a set that silently lacks a file is no set.
    """

    root: Path
    writer: Storing
    exclude: Sequence[str] = ()
    before: FileTable | None = None
    since: str = ""
    passing: Callable[[int], None] = lambda size_bytes: None
    clock: Callable[[], int] = time.time_ns
    files: FileTable = field(default_factory=FileTable)
    folders: list[Folder] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    attributes: Counter[str] = field(default_factory=Counter)

    def read(self) -> Index:
        """The index, whose `packs` are for the writer to fill in."""
        excluded = re.compile("|".join(map(translate, self.exclude)) or r"(?!)").match
        for entry in walk(self.root, lambda path: bool(excluded(path)), self._vanished):
            try:
                self._add(entry)
            except Gone:
                self._vanished(entry.path)
        return Index(
            packs={},
            files=self.files,
            folders=self.folders,
            links=self.links,
            changed=self.changed,
            vanished=self.vanished,
            skipped=self.skipped,
            outside=self.outside,
            top=_folder("", self.root.stat()),
            attributes=dict(self.attributes),
            **self._compared(),
        )

    def _vanished(self, path: str) -> None:
        self.vanished.append(spelled(path))

    def _compared(self) -> dict[str, object]:
        """What is different from the set before."""
        if self.before is None:
            return {}
        earlier, seen = self.before, bytearray(len(self.before))
        added: list[str] = []
        altered: list[str] = []
        for place, path in enumerate(self.files.paths):
            if (was := earlier.find(path)) is None:
                added.append(path)
                continue
            seen[was] = True
            if self.files.sha256(place) != earlier.sha256(was):
                altered.append(path)
        deleted = [earlier.paths[place] for place, is_there in enumerate(seen) if not is_there]
        return {
            "since": self.since,
            "added": sorted(added),
            "altered": sorted(altered),
            "deleted": sorted(deleted),
        }

    def _add(self, entry: Entry) -> None:
        status, name = entry.status, spelled(entry.path)
        self.attributes.update(map(spelled, entry.attributes()))
        if stat.S_ISREG(status.st_mode):
            if not self._took_over(name, status):
                self._add_file(entry, name)
        elif stat.S_ISDIR(status.st_mode):
            self.folders.append(_folder(name, status))
        elif stat.S_ISLNK(status.st_mode):
            target = spelled(entry.leads_to())
            self.links.append(Link(path=name, target=target, uid=status.st_uid, gid=status.st_gid))
            if not Path(os.path.realpath(self.root / entry.path)).is_relative_to(self._real_root):
                self.outside.append(name)
        else:
            self.skipped.append(name)

    @cached_property
    def _real_root(self) -> Path:
        return Path(os.path.realpath(self.root))

    def _took_over(self, name: str, status: os.stat_result) -> bool:
        """The file as the set before has it, if nothing can have been written to it: ctime cannot be set back."""
        earlier = self.before
        if earlier is None or (place := earlier.find(name)) is None:
            return False
        now = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if earlier.stamp(place) != now or not self.writer.reuse(earlier.chunk_ids(place)):
            return False
        self.files.take_over(earlier, place)
        return True

    def _add_file(self, entry: Entry, name: str) -> None:
        stored: StoredFile | None = None
        for _ in range(ATTEMPTS):
            try:
                stored, is_still = self._read_once(entry, name)
            except Gone:
                if stored is None:
                    raise
                break  # an earlier reading is stored already
            if is_still:
                self.files.append(stored)
                return
        assert stored is not None
        self.changed.append(name)
        self.files.append(stored)

    def _read_once(self, entry: Entry, name: str) -> tuple[StoredFile, bool]:
        """One reading, and whether the file stood still meanwhile; going away afterwards is no change."""
        settled_ns = self.clock() - TICK_NS
        with open(entry.open(), "rb") as file:  # noqa: PTH123 - it has no path, it is open
            before = os.fstat(file.fileno())
            written = self.writer.add(file, self.passing)
            try:
                after = entry.look()
            except Gone:
                after = os.fstat(file.fileno())
        stored = StoredFile(
            path=name,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            chunks=written.chunks if len(written.chunks) > 1 else [],
            mode=stat.S_IMODE(before.st_mode),
            uid=before.st_uid,
            gid=before.st_gid,
            inode=before.st_ino,
            mtime_ns=before.st_mtime_ns,
            ctime_ns=before.st_ctime_ns if before.st_ctime_ns < settled_ns else UNSETTLED_NS,
        )
        return stored, _same(before, after) and written.size_bytes == before.st_size


def _folder(name: str, status: os.stat_result) -> Folder:
    mode = stat.S_IMODE(status.st_mode)
    return Folder(path=name, mode=mode, uid=status.st_uid, gid=status.st_gid, mtime_ns=status.st_mtime_ns)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
