"""Looking at a folder of files."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.partial import is_partial
from schoolkeeper.connectors.files.pattern import START, Pattern, State
from schoolkeeper.kernel.errors import Unreachable


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One regular file. `path` is relative to the folder, with forward slashes."""

    path: str
    size_bytes: int
    modified_at: datetime

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> Self:
        return cls(path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FilesLook:
    """Lists and reads a folder; symbolic links are not followed, so nothing outside the folder is reached."""

    def __init__(self, name: str, component: FilesComponent) -> None:
        self.name = name
        self.root = component.path

    def __enter__(self) -> Self:
        if not self.root.is_dir():
            raise Unreachable(self.name, f"there is no folder {self.root}")
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def list(self, pattern: str = "**/*") -> Iterator[FileFacts]:
        """Regular files below the folder whose relative path matches the glob `pattern`, in order of path.

        Our own unfinished copies are left out. Raises Unreachable when a folder that the pattern leads through
        cannot be read, because what is not seen is not nothing; what vanishes meanwhile is left out.
        """
        try:
            yield from self._below(Path(), Pattern(pattern), START)
        except OSError as error:
            raise Unreachable(self.name, f"{error.filename or self.root}: {error.strerror}") from error

    def _below(self, folder: Path, pattern: Pattern, state: State) -> Iterator[FileFacts]:
        try:
            with os.scandir(self.root / folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            if folder == Path():
                raise
            return
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                if deeper := pattern.into(state, entry.name):
                    yield from self._below(path, pattern, deeper)
            elif entry.is_file(follow_symlinks=False) and pattern.admits(state, entry.name):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not is_partial(entry.name):
                    yield FileFacts.of(path.as_posix(), status)

    def sha256(self, path: str) -> str | None:
        """The SHA-256 of a file's content; None if there is no such file in the folder."""
        file = self.root / path
        if not file.resolve().is_relative_to(self.root.resolve()) or not file.is_file():
            return None
        try:
            return sha256_of(file)
        except OSError as error:
            raise Unreachable(self.name, f"{path}: {error.strerror}") from error
