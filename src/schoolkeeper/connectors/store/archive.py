"""A folder as one tar stream, with a list of exactly what was written.

Steps for one file, because an ERP goes on working while it is read:
1. Look at its size and time, write a header with that size.
2. Write exactly that many bytes, padded with zeros if it became shorter, and digest them.
3. Look again. If size, time and inode are the same, it is done.
4. Otherwise write it again, up to three times in all: of several entries of one name, tar unpacks the last.
5. A file that changed each time is listed as changed. One that went away before it was read is listed as vanished;
   one that went away afterwards is in the archive, hence in the list of files.
"""

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from schoolkeeper.connectors.store.manifest import FilesContents, StoredFile
from schoolkeeper.connectors.store.spelling import spelled

ATTEMPTS = 3
BLOCK_BYTES = 1 << 20


class _Exactly:
    """Hands out exactly `size_bytes` of a file, zeros where it is too short, and digests them."""

    def __init__(self, file: IO[bytes], size_bytes: int) -> None:
        self._file = file
        self._left_bytes = size_bytes
        self._hash = hashlib.sha256()
        self.was_short = False

    def read(self, size: int) -> bytes:
        wanted_bytes = min(size, self._left_bytes)
        block = self._file.read(wanted_bytes)
        if len(block) < wanted_bytes:
            self.was_short = True
            block = block.ljust(wanted_bytes, b"\0")
        self._left_bytes -= wanted_bytes
        self._hash.update(block)
        return block

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@dataclass
class Archiver:
    """Writes a folder to `sink`; afterwards `contents` says what is in it.

    `exclude` are patterns on relative paths, in which `*` also matches "/". Owner, mode, and time are kept, links
    stay links, and the order is that of the names. A name that is not UTF-8 keeps its bytes in the archive; the
    lists have it as `spelled` does. Raises OSError for what cannot be read: a set that silently lacks a file is
    no set.
    """

    root: Path
    sink: IO[bytes]
    exclude: Sequence[str] = ()
    passing: Callable[[], None] = lambda: None
    files: list[StoredFile] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def write(self) -> FilesContents:
        with tarfile.open(fileobj=self.sink, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BLOCK_BYTES) as tar:
            for path in self._walk(self.root):
                try:
                    self._add(tar, path)
                except FileNotFoundError:
                    self.vanished.append(spelled(self._name(path)))
                self.passing()
        return FilesContents(
            files=self.files,
            changed=self.changed,
            vanished=self.vanished,
            skipped=self.skipped,
            outside=self.outside,
        )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _walk(self, folder: Path) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        for entry in entries:
            path = Path(entry.path)
            if any(fnmatch(self._name(path), pattern) for pattern in self.exclude):
                continue
            yield path
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path)

    def _add(self, tar: tarfile.TarFile, path: Path) -> None:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            self._add_file(tar, path)
        elif stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
            tar.addfile(tar.gettarinfo(path, self._name(path)))
            if stat.S_ISLNK(mode) and self._leads_outside(path):
                self.outside.append(spelled(self._name(path)))
        else:
            self.skipped.append(spelled(self._name(path)))

    def _leads_outside(self, link: Path) -> bool:
        return not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(self.root))

    def _add_file(self, tar: tarfile.TarFile, path: Path) -> None:
        stored: StoredFile | None = None
        for _ in range(ATTEMPTS):
            try:
                stored, is_still = self._add_once(tar, path)
            except FileNotFoundError:
                if stored is None:
                    raise
                break  # an earlier reading is in the archive already
            if is_still:
                self.files.append(stored)
                return
        assert stored is not None
        self.changed.append(stored.path)
        self.files.append(stored)

    def _add_once(self, tar: tarfile.TarFile, path: Path) -> tuple[StoredFile, bool]:
        """One reading, and whether the file stood still meanwhile; going away afterwards is no change."""
        name = self._name(path)
        with path.open("rb") as file:
            info = tar.gettarinfo(arcname=name, fileobj=file)
            info.type, info.linkname = tarfile.REGTYPE, ""  # a second name of a file is stored in full
            before = os.fstat(file.fileno())
            info.size = before.st_size
            content = _Exactly(file, info.size)
            tar.addfile(info, content)  # type: ignore[arg-type]
            try:
                after = path.stat()
            except FileNotFoundError:
                after = os.fstat(file.fileno())
        stored = StoredFile(path=spelled(name), size_bytes=info.size, sha256=content.sha256)
        return stored, not content.was_short and _same(before, after)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ino) == (after.st_size, after.st_mtime_ns, after.st_ino)
