"""Putting a restored folder into the place of another one by renaming, and back.

The restored folder is made beside the old one, on the same file system, so that each renaming happens at once or
not at all. It is told from every other one by its inode, which a renaming does not change. Every method may be
repeated after an interruption.
"""

import contextlib
import os
import re
import shutil
import stat
from itertools import count
from pathlib import Path
from typing import ClassVar

from schoolkeeper.connectors.space import Space, space_at
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.facts import Facts
from schoolkeeper.kernel.failpoints import failpoint

# What names of a run end with.
TAG = "[0-9]{8}_[0-9a-f]{8}"


class FolderTarget(Facts):
    """The folder that is to be replaced. `own_file_system` says that it is a mount, which cannot be renamed."""

    volatile: ClassVar[frozenset[str]] = frozenset({"space"})

    component: str
    path: str
    inode: int | None
    is_folder: bool
    is_link: bool
    is_empty: bool
    own_file_system: bool
    parent_exists: bool
    parent_writable: bool
    space: Space | None


def look_at_folder(component: str, path: Path) -> FolderTarget:
    """See what is there, without following a link in its last name. Raises Unreachable."""
    parent = path.parent
    try:
        status: os.stat_result | None = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        status = None
    except PermissionError:
        raise Unreachable(component, f"this account may not look at {path}") from None
    is_folder = status is not None and stat.S_ISDIR(status.st_mode)
    return FolderTarget(
        component=component,
        path=str(path),
        inode=status.st_ino if status else None,
        is_folder=is_folder,
        is_link=status is not None and stat.S_ISLNK(status.st_mode),
        is_empty=status is None or (is_folder and _is_empty(path)),
        own_file_system=is_folder and status is not None and status.st_dev != parent.stat().st_dev,
        parent_exists=parent.is_dir(),
        parent_writable=parent.is_dir() and os.access(parent, os.W_OK | os.X_OK),
        space=space_at(parent),
    )


def _is_empty(path: Path) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except PermissionError:  # what we may not look into counts as full
        return False


class FolderSwap:
    """The folder of a component, the one that is to take its place, and the one that was there before."""

    def __init__(self, path: Path, tag: str) -> None:
        self.path = path
        self.restored = path.with_name(f"{path.name}.restored-{tag}")
        self.before = path.with_name(f"{path.name}.before-{tag}")
        self._tag = tag

    def make(self) -> int:
        """The restored folder, empty at first and closed to others; its inode."""
        self.restored.mkdir(mode=0o700, exist_ok=True)
        if self.restored.is_symlink():
            raise Permanent(f"{self.restored} is a link that is not ours")
        return self.restored.stat().st_ino

    def is_in_place(self, restored_inode: int) -> bool:
        """Whether the restored folder bears the name already."""
        return _inode(self.path) == restored_inode

    def swap(self, restored_inode: int) -> None:
        """Rename the old folder aside and the restored one into its place."""
        if self.is_in_place(restored_inode):
            return
        if _inode(self.restored) != restored_inode:
            raise Permanent(f"{self.restored} is not the folder that this run restored")
        if os.path.lexists(self.path) and not self._is_made_anew():
            if os.path.lexists(self.before):
                raise Permanent(f"there is a folder {self.before} already")
            self.path.rename(self.before)
        failpoint("recover.system.folder_aside")
        self.restored.rename(self.path)
        _sync(self.path.parent)

    def swap_back(self, restored_inode: int | None) -> None:
        """Put things as they were before `swap`, or before it was interrupted. Raises Permanent when something
        that an ERP has written meanwhile stands in the place."""
        if restored_inode is not None and self.is_in_place(restored_inode):
            self.path.rename(self.restored)
        if os.path.lexists(self.before):
            if os.path.lexists(self.path) and not self._is_made_anew():
                raise Permanent(f"somebody made {self.path} anew; what was there before is {self.before}")
            self.before.rename(self.path)
        if self.path.parent.is_dir():
            _sync(self.path.parent)

    def _is_made_anew(self) -> bool:
        """Whether an ERP that missed its folder between two renamings made a new, empty one, to be replaced."""
        is_folder = self.path.is_dir() and not self.path.is_symlink()
        return is_folder and os.path.lexists(self.before) and _is_empty(self.path)

    def aside(self) -> list[Path]:
        """Folders that this or an earlier run put aside, and those that earlier runs gave up. Others may be called
        `uploads.before-something`, so the whole name counts."""
        if not self.path.parent.is_dir():
            return []
        ours = re.compile(rf"{re.escape(self.path.name)}\.(?:before|restored|undone\d*)-{TAG}")
        found = [one for one in self.path.parent.iterdir() if ours.fullmatch(one.name) and one != self.restored]
        return sorted(found)

    def keep(self) -> None:
        """Put the restored folder aside under a name of its own: users have worked in it."""
        if _inode(self.restored) is None:
            return
        words = ("undone" if number == 1 else f"undone{number}" for number in count(1))
        names = (self.path.with_name(f"{self.path.name}.{word}-{self._tag}") for word in words)
        self.restored.rename(next(one for one in names if not os.path.lexists(one)))
        _sync(self.path.parent)

    def remove(self) -> None:
        """Take the restored folder away again."""
        if self.restored.is_dir() and not self.restored.is_symlink():
            shutil.rmtree(self.restored)


def _inode(path: Path) -> int | None:
    """The inode of a folder; None for what is none, a link to one included."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino if stat.S_ISDIR(status.st_mode) else None


def size_of(path: Path) -> int | None:
    """How much the files below a folder hold; None when there is no such folder."""
    if not path.is_dir() or path.is_symlink():
        return None
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # somebody may be removing it
                total += (Path(folder) / name).lstat().st_size
    return total


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
