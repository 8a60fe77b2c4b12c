"""A place that is a folder of this machine, best on another disk than the ERP's, or a network mount."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from schoolkeeper.connectors.store.places.names import FOREIGN, LEFTOVER, checked, folder_of, is_name, temporary
from schoolkeeper.connectors.store.places.place import Listed
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PASSING = (errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN, errno.EAGAIN)  # of network mounts
ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
RACES = 20  # how often another thread may tidy a sub-folder away before we have put a file into it


class FolderPlace:
    """Objects are files. Each is written under a temporary name, flushed to disk, then renamed."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path

    @property
    def where(self) -> str:
        return str(self.path)

    def open(self) -> None:
        if not self.path.is_dir():
            raise Unreachable(self.name, f"there is no folder {self.path}")
        if not os.access(self.path, os.R_OK | os.X_OK):
            raise Unreachable(self.name, f"the folder {self.path} may not be looked into")

    def close(self) -> None:
        return None

    def put(self, name: str, data: bytes) -> None:
        target = self.path / checked(name)
        partial = self.path / temporary(name)
        try:
            with self._new(partial) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            _sync(target.parent)
        except OSError as error:
            raise self._refusal(name, "written", error) from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def get(self, name: str) -> bytes:
        try:
            return (self.path / checked(name)).read_bytes()
        except ABSENT:
            self.open()
            raise FileNotFoundError(f"{self.where} has no {name}") from None
        except OSError as error:
            raise self._closed(name, error) from error

    def size_bytes(self, name: str) -> int | None:
        try:
            status = (self.path / checked(name)).stat()
        except ABSENT:
            self.open()
            return None
        except OSError as error:
            raise self._closed(name, error) from error
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def list(self, prefix: str = "") -> Iterator[Listed]:
        folder = folder_of(prefix)
        self.open()
        found = (entry for entry in self._files(folder) if entry.name.startswith(prefix) and is_name(entry.name))
        return iter(sorted(found, key=lambda entry: entry.name))

    def delete(self, name: str) -> None:
        target = self.path / checked(name)
        try:
            target.unlink()
            _sync(target.parent)
        except ABSENT:
            self.open()
        except OSError as error:
            raise self._refusal(name, "deleted", error) from error
        self._tidy(target.parent)

    def free_bytes(self) -> int | None:
        try:
            return shutil.disk_usage(self.path).free
        except OSError as error:
            raise self._closed(self.where, error) from error

    def locked_until(self, name: str) -> datetime | None:
        checked(name)
        return None

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Remove what interrupted writing has left behind before that time; returns how many files it was."""
        self.open()
        limit, count = datetime.now(UTC) - older_than, 0
        for entry in self._files(""):
            if entry.name.endswith(LEFTOVER) and entry.modified_at < limit:
                (self.path / entry.name).unlink(missing_ok=True)
                self._tidy((self.path / entry.name).parent)
                count += 1
        return count

    def _new(self, path: Path) -> IO[bytes]:
        """A new file, open for writing, in a sub-folder that is made where it is missing."""
        for _ in range(RACES):
            try:
                return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            except FileNotFoundError:
                self._make(path.parent)
        raise Temporary(f"{self.name}: {path.parent} is removed again and again while we write into it")

    def _make(self, folder: Path) -> None:
        self.open()
        made = self.path
        for part in folder.relative_to(self.path).parts:
            made = made / part
            with suppress(FileExistsError, FileNotFoundError):
                made.mkdir(mode=0o700)
                _sync(made.parent)

    def _tidy(self, folder: Path) -> None:
        """Remove a sub-folder and those above it as long as they are empty."""
        with suppress(OSError):
            while folder != self.path:
                folder.rmdir()
                folder = folder.parent

    def _files(self, folder: str) -> Iterator[Listed]:
        """All files below a sub-folder, in no order; what vanishes meanwhile is left out."""
        try:
            with os.scandir(self.path / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if name != FOREIGN:
                            yield from self._files(name)
                    elif entry.is_file(follow_symlinks=False):
                        with suppress(FileNotFoundError):
                            status = entry.stat()
                            modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
                            yield Listed(name, status.st_size, modified_at)
        except ABSENT:
            return
        except OSError as error:
            raise self._closed(folder or self.where, error) from error

    def _closed(self, what: str, error: OSError) -> Unreachable:
        return Unreachable(self.name, f"{what}: {error.strerror}")

    def _refusal(self, name: str, done: str, error: OSError) -> SchoolkeeperError:
        """What an error while changing means for whoever asked for the change."""
        if not self.path.is_dir():
            return Unreachable(self.name, f"there is no folder {self.path}")
        if error.errno in FULL:
            free_mb = (self.free_bytes() or 0) / 1e6
            return Permanent(f"{self.where} is full: {name} could not be {done} ({free_mb:,.0f} MB are free).")
        if error.errno in PASSING:
            return Temporary(f"{self.where}: {name} could not be {done}: {error.strerror}.")
        return Permanent(f"{self.where} refuses: {name} could not be {done}: {error.strerror}.")


def _sync(folder: Path) -> None:
    """Flush a folder, so that a name just made or removed in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
