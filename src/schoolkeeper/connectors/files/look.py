"""Looking at a folder of files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.kernel.errors import Unreachable


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One regular file. `path` is relative to the folder, with forward slashes."""

    path: str
    size_bytes: int
    modified_at: datetime


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
        """Regular files below the folder whose relative path matches the glob `pattern`, in order of path."""
        try:
            for path in sorted(self.root.glob(pattern)):
                if path.is_file() and not path.is_symlink():
                    status = path.stat()
                    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                    yield FileFacts(path.relative_to(self.root).as_posix(), status.st_size, modified_at)
        except OSError as error:
            raise Unreachable(self.name, f"{error.filename or self.root}: {error.strerror}") from error

    def sha256(self, path: str) -> str | None:
        """The SHA-256 of a file's content; None if there is no such file in the folder."""
        file = self.root / path
        if not file.resolve().is_relative_to(self.root.resolve()) or not file.is_file():
            return None
        try:
            return sha256_of(file)
        except OSError as error:
            raise Unreachable(self.name, f"{path}: {error.strerror}") from error
