"""Bringing a folder back from a set: files with mode, time and, as root, owner; folders and links as they were."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.manifest import Folder, Index, Link, StoredFile
from schoolkeeper.connectors.store.spelling import unspelled

TEMPORARY = ".schoolkeeper-tmp"
Content = Callable[[StoredFile], Iterable[bytes | memoryview]]
"""Gives a file's content, block by block. Raises SealError when it cannot be had."""


def plant(content: Content, index: Index, root: Path) -> Iterator[tuple[StoredFile, str]]:
    """Bring everything back below the existing folder `root`; for each file what is wrong with it, "" for nothing.

    The folder itself gets owner, mode and time as well, if the list has them.
    A file that is there already with the right content is left alone, so an interrupted call is repeated cheaply.
    """
    for folder in index.folders:
        _within(root, folder.path).mkdir(parents=True, exist_ok=True)
    for file in index.files:
        yield file, plant_file(content, file, _within(root, file.path))
    for link in index.links:
        _link(link, _within(root, link.path))
    # Last, the deepest first: whatever is written into a folder changes its time.
    for folder in sorted(index.folders, key=lambda one: one.path, reverse=True):
        _dress(_within(root, folder.path), folder)
    if index.top is not None:
        _dress(root, index.top)


def plant_file(content: Content, file: StoredFile, target: Path) -> str:
    """Write one file, whole or not at all; what is wrong with its content in the set, "" for nothing."""
    if _is_there(file, target):
        _dress(target, file)
        return ""
    short = os.fsdecode(os.fsencode(target.name)[:200])  # a name has at most 255 bytes, not characters
    temporary = target.with_name(f"{short}{TEMPORARY}")
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = hashlib.sha256()
    temporary.unlink(missing_ok=True)
    try:
        # Made anew: through a link that somebody laid there, we would write into another file.
        with temporary.open("xb") as sink:
            temporary.chmod(0o600)
            for chunk in content(file):
                sink.write(chunk)
                whole.update(chunk)
        if whole.hexdigest() != file.sha256:
            return "its content is not what the list says"
        _dress(temporary, file)
        temporary.replace(target)
    except SealError as error:
        return str(error)
    finally:
        temporary.unlink(missing_ok=True)  # also when another tool did not answer: users see this folder
    return ""


def path_of(spelling: str) -> Path:
    """The relative path that a list speaks of. Raises ValueError for one that leads elsewhere."""
    path = Path(os.fsdecode(unspelled(spelling)))
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{spelling} leads out of the folder")
    return path


def _within(root: Path, spelling: str) -> Path:
    """Where something belongs. Raises ValueError when that leads elsewhere, also through a link of the set."""
    path = path_of(spelling)
    if not path.name or any((root / folder).is_symlink() for folder in list(path.parents)[:-1]):
        raise ValueError(f"{spelling} leads out of the folder")
    return root / path


def _is_there(file: StoredFile, target: Path) -> bool:
    if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    with target.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _link(link: Link, target: Path) -> None:
    if not target.is_symlink():
        target.symlink_to(os.fsdecode(unspelled(link.target)))
    with contextlib.suppress(PermissionError):
        os.chown(target, link.uid, link.gid, follow_symlinks=False)


def _dress(path: Path, wanted: StoredFile | Folder) -> None:
    """Owner, which only root can give, then mode, because giving a file away takes some bits of it, then time."""
    if os.geteuid() == 0:
        os.chown(path, wanted.uid, wanted.gid)
    path.chmod(wanted.mode)
    os.utime(path, ns=(wanted.mtime_ns, wanted.mtime_ns))


def remove_tree(folder: Path) -> None:
    """Remove a working folder of ours, if it is there."""
    if not folder.is_dir():
        return
    try:
        shutil.rmtree(folder)
    except PermissionError:  # unless we are root, a folder that was brought back closed keeps what is in it
        for path, names, _ in os.walk(folder):
            for below in (Path(path, name) for name in names):
                if not below.is_symlink():
                    below.chmod(0o700)
        shutil.rmtree(folder)
