"""Stale files taken away into a folder, and back."""

import filecmp
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from schoolkeeper.connectors.files.act import FilesAct
from schoolkeeper.connectors.files.look import FileFacts, FilesLook
from schoolkeeper.connectors.files.partial import is_partial
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint


def stale(folder: FilesLook, pattern: str, older_than_days: int, now: datetime) -> Iterator[FileFacts]:
    """Files that were last written to more than so many days before `now`."""
    cutoff = now - timedelta(days=older_than_days)
    return (file for file in folder.list(pattern) if file.modified_at < cutoff)


def set_aside(files: FilesAct, found: Iterator[FileFacts], quarantine: Path) -> int:
    """Move the files below `quarantine`; how many. What was written to since it was found stays."""
    quarantine.mkdir(parents=True, exist_ok=True, mode=0o700)
    moved = 0
    for file in list(found):
        try:
            moved += files.set_aside(file, _free(quarantine, files.root / file.path, file.path))
        except OSError as error:
            raise Permanent(f"{files.name}: {file.path} cannot be set aside: {error.strerror}") from error
        failpoint("storage.cleanup.file_moved")
    return moved


def put_back(files: FilesAct, quarantine: Path) -> int:
    """Move the files back, the last taken first; how many. What the ERP has made anew meanwhile is left alone."""
    moved = 0
    for aside in sorted(quarantine.glob("*"), reverse=True):
        for kept in sorted(aside.rglob("*")):
            path = kept.relative_to(aside).as_posix()
            if kept.is_file() and not is_partial(kept.name):
                moved += files.put_back(path, aside)
    return moved


def _free(quarantine: Path, source: Path, path: str) -> Path:
    """The first folder below `quarantine` that does not keep another file under this path already."""
    for generation in count(1):
        aside = quarantine / f"{generation:03}"
        kept = aside / path
        if not kept.exists() or not source.exists() or filecmp.cmp(kept, source, shallow=False):
            return aside
    raise AssertionError("count() never ends")
