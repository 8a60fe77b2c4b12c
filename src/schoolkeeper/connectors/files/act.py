"""Moving files out of a folder, and back."""

import os
import shutil
from pathlib import Path
from typing import Self

from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.kernel.errors import Permanent, Unreachable


class FilesAct:
    """Nothing is deleted here: files are set aside in a folder from which they can be put back."""

    def __init__(self, name: str, component: FilesComponent) -> None:
        self.name = name
        self.root = component.path

    def __enter__(self) -> Self:
        if not self.root.is_dir():
            raise Unreachable(self.name, f"there is no folder {self.root}")
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set_aside(self, path: str, aside: Path) -> bool:
        """Move one file below `aside`, keeping its relative path; False if it is gone already."""
        return self._move(self._inside(path), aside / path)

    def put_back(self, path: str, aside: Path) -> bool:
        """Move one file back from `aside`; False if it is not there (it was never set aside)."""
        return self._move(aside / path, self._inside(path))

    def _inside(self, path: str) -> Path:
        target = self.root / path
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise Permanent(f"{self.name}: {path} lies outside {self.root}")
        return target

    @staticmethod
    def _move(source: Path, target: Path) -> bool:
        if source.is_symlink() or not source.is_file():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copy, then rename: whatever moment the process dies at, one whole copy exists under one of the names.
        partial = target.with_name(f".{target.name}.partial")
        shutil.copy2(source, partial)
        owner = source.stat()
        os.chown(partial, owner.st_uid, owner.st_gid)
        with partial.open("rb") as copy:
            os.fsync(copy.fileno())
        partial.replace(target)
        source.unlink()
        return True
