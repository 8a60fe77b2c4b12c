"""Changing a store of backup sets.

A set is made in the folder `.partial-<set>`: each file under a temporary name, then flushed to disk, then
renamed. The last act renames the folder. Whatever moment we die at, what counts as a set is whole.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import MANIFEST, SET_ID, SUMS, Manifest
from schoolkeeper.kernel.errors import Permanent

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
RECORD = ".part.json"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class StoreAct(StoreLook):
    """Adds sets and proofs; takes away only the ones that the caller names."""

    def partial(self, set_id: str) -> Path:
        """The folder in which a set is being made."""
        if not SET_ID.fullmatch(set_id):
            raise ValueError(f"{set_id} is no id of a set")
        return self.folder / f".partial-{set_id}"

    @contextmanager
    def writing(self, folder: Path, name: str) -> Iterator[IO[bytes]]:
        """A new file, which appears under its name, safely on disk, when the block ends well; else not at all.

        Raises Permanent when the store is full or refuses.
        """
        temporary = folder / f"{name}.tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / name)
            _sync_folder(folder)
        except OSError as error:
            if error.errno in FULL:
                raise Permanent(self._full(name)) from error
            if error.filename and str(error.filename).startswith(str(folder)):
                raise Permanent(f"The store {folder} refuses {name}: {error.strerror}.") from error
            raise
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _full(self, name: str) -> str:
        free_mb = self.free_bytes() / 1e6
        return f"The store {self.folder.parent} is full: {name} could not be written ({free_mb:,.0f} MB are free)."

    def write(self, folder: Path, name: str, text: str) -> None:
        """A small text file, whole or not at all."""
        with self.writing(folder, name) as file:
            file.write(text.encode())

    def record(self, set_id: str, part: str, text: str) -> None:
        """Note that a part is complete; written after its files."""
        self.write(self.partial(set_id), part + RECORD, text)

    def recorded(self, set_id: str, part: str) -> str | None:
        """The note of a part that is complete."""
        try:
            return (self.partial(set_id) / (part + RECORD)).read_text()
        except FileNotFoundError:
            return None

    def has(self, set_id: str) -> bool:
        """Whether the set is complete."""
        return self.path(set_id, MANIFEST).is_file()

    def discard(self, set_id: str, part: str) -> None:
        """Take a part away from a set that is being made, the note first; the last one takes the folder along."""
        folder = self.partial(set_id)
        (folder / (part + RECORD)).unlink(missing_ok=True)
        for path in sorted(folder.glob(f"{part}.*")):
            path.unlink(missing_ok=True)
        self._tidy(folder)

    def _tidy(self, folder: Path) -> None:
        """Remove a folder and those above it as long as they are empty, up to the store's own."""
        while folder != self.folder.parent:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            folder = folder.parent

    def seal(self, manifest: Manifest, before_rename: Callable[[], None] = lambda: None) -> None:
        """Make what lies in the partial folder a set of the store."""
        partial, whole = self.partial(manifest.set), self.folder / manifest.set
        sums = "".join(f"{part.sha256}  {part.name}\n" for part in manifest.parts)
        self.write(partial, SUMS, sums)
        self.write(partial, MANIFEST, manifest.model_dump_json(indent=2) + "\n")
        before_rename()
        partial.rename(whole)
        _sync_folder(self.folder)

    def remove_notes(self, set_id: str) -> None:
        """Remove what only the making of a set needs; the manifest says the same."""
        for note in (self.folder / set_id).glob("*" + RECORD):
            note.unlink(missing_ok=True)

    def unseal(self, set_id: str) -> None:
        """Make a set of the store one that is being made again, without its manifest."""
        whole, partial = self.folder / set_id, self.partial(set_id)
        if whole.is_dir() and not partial.is_dir():
            whole.rename(partial)
        for name in (MANIFEST, SUMS):
            (partial / name).unlink(missing_ok=True)
        self._tidy(partial)

    def keep_proof(self, set_id: str, run: str, text: str) -> None:
        """Write the proof record of a run, in the place of one that is there."""
        self.write(self._proofs(set_id), f"{run}.json", text)

    def withdraw_proof(self, set_id: str, run: str) -> None:
        """Take the proof record of a run away."""
        folder = self._proofs(set_id)
        (folder / f"{run}.json").unlink(missing_ok=True)
        self._tidy(folder)

    def _proofs(self, set_id: str) -> Path:
        if not SET_ID.fullmatch(set_id):
            raise ValueError(f"{set_id} is no id of a set")
        return self.folder / "proofs" / set_id


def remove_tree(folder: Path) -> None:
    """Remove a working folder of ours, if it is there."""
    if folder.is_dir():
        shutil.rmtree(folder)
