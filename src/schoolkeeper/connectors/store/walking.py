"""Walking through a folder to which others write meanwhile, and never out of it.

Whoever may write to the folder, such as the account of a web server that was broken into, may lay a link to
/etc/shadow where we saw a file a moment ago, or a pipe that never answers. So nothing is opened by its path: each
folder stays open while what is in it is looked at, names are looked up in it alone, links are not followed, pipes
not waited for, and what was opened is looked at again.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_NOT_ELSEWHERE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
# What the kernel says when something else stands where a file, a folder or a link was listed.
_REPLACED = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EINVAL, errno.ENXIO})


class Gone(Exception):
    """What was listed does not stand there any more, whatever does now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder: `folder` is that folder, open; `path` is relative to where the walk began.

    `status` is what was seen when it was listed, of a folder when it was opened.
    """

    folder: int
    name: str
    path: str
    status: os.stat_result

    def look(self) -> os.stat_result:
        """What stands there now. Raises Gone."""
        with _told(self.path):
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)

    def leads_to(self) -> str:
        """Where a link leads. Raises Gone."""
        with _told(self.path):
            return os.readlink(self.name, dir_fd=self.folder)

    def attributes(self) -> list[str]:
        """The names of its extended attributes; of which file systems without any have none."""
        with contextlib.suppress(OSError):
            return os.listxattr(f"/proc/self/fd/{self.folder}/{self.name}", follow_symlinks=False)
        return []

    def open(self) -> int:
        """A regular file, opened to be read. Raises Gone when it is none any more.

        Another regular file in its place is as good: it lies in the folder.
        """
        with _told(self.path):
            file = os.open(self.name, os.O_RDONLY | _NOT_ELSEWHERE, dir_fd=self.folder)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise Gone(self.path)
        return file


@dataclass(slots=True)
class _Level:
    folder: int
    prefix: str
    names: Iterator[str]


def walk(root: Path, excluded: Callable[[str], bool], gone: Callable[[str], object]) -> Iterator[Entry]:
    """Everything below `root` in order of names, each folder before what is in it.

    `gone` is told the paths of what went away between being listed and being looked at. Only `root` itself may be
    a link. Raises OSError, with the path below `root`, for what cannot be looked at.
    """
    levels = [_level(os.open(root, _FOLDER), "")]
    try:
        while levels:
            level = levels[-1]
            if (name := next(level.names, None)) is None:
                os.close(levels.pop().folder)
                continue
            path = level.prefix + name
            if excluded(path):
                continue
            try:
                entry = Entry(level.folder, name, path, _status(level, name, path))
                if stat.S_ISDIR(entry.status.st_mode):
                    entry, below = _opened(level, name, path)
                    levels.append(below)
            except Gone:
                gone(path)
                continue
            yield entry
    finally:
        for level in levels:
            os.close(level.folder)


def _status(level: _Level, name: str, path: str) -> os.stat_result:
    with _told(path):
        return os.stat(name, dir_fd=level.folder, follow_symlinks=False)


def _opened(level: _Level, name: str, path: str) -> tuple[Entry, _Level]:
    with _told(path):
        folder = os.open(name, _FOLDER | _NOT_ELSEWHERE, dir_fd=level.folder)
        return Entry(level.folder, name, path, os.fstat(folder)), _level(folder, f"{path}{os.sep}")


def _level(folder: int, prefix: str) -> _Level:
    """Names alone: in a folder of a million files, what else the system can tell takes ten times the room."""
    try:
        return _Level(folder, prefix, iter(sorted(os.listdir(folder))))
    except OSError:
        os.close(folder)
        raise


@contextmanager
def _told(path: str) -> Iterator[None]:
    """The system knows only the last name of what it failed at."""
    try:
        yield
    except OSError as error:
        if error.errno in _REPLACED:
            raise Gone(path) from None
        error.filename = path
        raise
