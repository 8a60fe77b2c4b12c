"""Moving files out of a folder, and back."""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.look import FileFacts
from schoolkeeper.connectors.files.partial import is_partial, new_partial
from schoolkeeper.kernel.errors import Permanent, Unreachable


class FilesAct:
    """Nothing is deleted here: files are set aside in a folder from which they can be put back."""

    def __init__(self, name: str, component: FilesComponent) -> None:
        self.name = name
        self.root = component.path
        self._tidied: set[Path] = set()

    def __enter__(self) -> Self:
        if not self.root.is_dir():
            raise Unreachable(self.name, f"there is no folder {self.root}")
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set_aside(self, file: FileFacts, aside: Path) -> bool:
        """Move one file below `aside`, keeping its relative path.

        False if it is gone already or is no longer as it was listed, by size and time: then it stays.
        """
        return self._move(self._inside(file.path), aside / file.path, file)

    def put_back(self, path: str, aside: Path) -> bool:
        """Move one file back from `aside`.

        False if it is not there (it was never set aside), or something of this name is in the folder again.
        """
        target = self._inside(path)
        return not os.path.lexists(target) and self._move(aside / path, target)

    def _inside(self, path: str) -> Path:
        target = self.root / path
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise Permanent(f"{self.name}: {path} lies outside {self.root}")
        return target

    def _move(self, source: Path, target: Path, listed: FileFacts | None = None) -> bool:
        """Copy, then rename: whatever moment the process dies at, one whole copy exists under one of the names."""
        with _opened(source) as original:
            if original is None:
                return False
            status = os.fstat(original.fileno())
            if listed is not None and FileFacts.of(listed.path, status) != listed:
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            self._tidy(target.parent)
            partial = target.with_name(new_partial())
            try:
                _copy(original, status, partial)
                if not _is_still(source, status) or (listed is None and os.path.lexists(target)):
                    return False
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
            _sync(target.parent)
            source.unlink(missing_ok=True)
            return True

    def _tidy(self, folder: Path) -> None:
        """Remove what a process that died in the middle of copying left here; once per folder."""
        if folder not in self._tidied:
            self._tidied.add(folder)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_partial(entry.name) and not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """The regular file under this very name; None for anything else. Waits for no pipe, follows no link."""
    if path.is_symlink() or not path.is_file():
        yield None
        return
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        yield file if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def _copy(original: BinaryIO, status: os.stat_result, partial: Path) -> None:
    """Content, owner, mode, attributes and times into a file that is ours alone until all are there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o600), "wb") as copy:
        shutil.copyfileobj(original, copy)
        copy.flush()
        descriptor = copy.fileno()
        os.fchown(descriptor, status.st_uid, status.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
        for name in _attributes(original):
            with contextlib.suppress(OSError):  # not everybody may set all
                os.setxattr(descriptor, name, os.getxattr(original.fileno(), name))
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)


def _attributes(file: BinaryIO) -> list[str]:
    try:
        return os.listxattr(file.fileno())
    except OSError:  # a file system without them
        return []


def _is_still(path: Path, status: os.stat_result) -> bool:
    """Whether nobody has written to the file, or put another in its place, since `status`."""
    try:
        now = path.lstat()
    except FileNotFoundError:
        return False
    return (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) == (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
