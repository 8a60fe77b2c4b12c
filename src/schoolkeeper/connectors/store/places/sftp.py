"""A place that is a folder on another machine, reached over SFTP (SSH File Transfer Protocol)."""

import asyncio
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncssh
from asyncssh import SFTPAttrs, SFTPClient, SFTPClientFile, SFTPError

from schoolkeeper.connectors.store.places.names import FOREIGN, LEFTOVER, checked, folder_of, is_name, temporary
from schoolkeeper.connectors.store.places.place import Listed
from schoolkeeper.connectors.store.places.sftp_line import LOST, Login, Lost, SftpLine
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable

Result = TypeVar("Result")
ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
RACES = 20  # how often another thread may tidy a sub-folder away before we have put a file into it
FOLDERS_AT_ONCE = 16  # servers limit open handles


class SftpPlace:
    """Objects are files. Each is written under a temporary name, flushed to the server's disk where the server
    offers that (OpenSSH does), then renamed. `path` is the folder as the server shows it to this user."""

    def __init__(self, name: str, login: Login, path: str) -> None:
        self.name = name
        self.path = path.rstrip("/")
        port = "" if login.port == 22 else f":{login.port}"
        host = f"[{login.host}]" if ":" in login.host else login.host
        self.where = f"sftp://{login.username}@{host}{port}{self.path or '/'}"
        self._line = SftpLine(name, login)

    def open(self) -> None:
        self._read(self._require)

    def close(self) -> None:
        self._line.close()

    def put(self, name: str, data: bytes) -> None:
        target, partial = f"{self.path}/{checked(name)}", f"{self.path}/{temporary(name)}"

        async def work(sftp: SFTPClient) -> None:
            try:
                async with await self._new(sftp, partial) as file:
                    await file.write(data)
                    with suppress(asyncssh.SFTPOpUnsupported):
                        await file.fsync()
                await _rename(sftp, partial, target)
            except SFTPError:
                with suppress(SFTPError):
                    await sftp.remove(partial)
                raise

        self._change(work, f"{name} could not be written")

    def get(self, name: str) -> bytes:
        path = f"{self.path}/{checked(name)}"

        async def work(sftp: SFTPClient) -> bytes | None:
            if await self._size(sftp, path) is None:
                return None
            async with sftp.open(path, "rb") as file:
                content: bytes = await file.read()
                return content

        content = self._read(work)
        if content is None:
            raise FileNotFoundError(f"{self.where} has no {name}")
        return content

    def size_bytes(self, name: str) -> int | None:
        path = f"{self.path}/{checked(name)}"
        return self._read(lambda sftp: self._size(sftp, path))

    def list(self, prefix: str = "") -> Iterator[Listed]:
        found = self._all(folder_of(prefix))
        objects = (file for file in found if file.name.startswith(prefix) and is_name(file.name))
        return iter(sorted(objects, key=lambda file: file.name))

    def delete(self, name: str) -> None:
        self._change(lambda sftp: self._remove(sftp, checked(name)), f"{name} could not be deleted")

    def free_bytes(self) -> int | None:
        async def work(sftp: SFTPClient) -> int | None:
            await self._require(sftp)
            return await self._free(sftp)

        return self._read(work)

    def locked_until(self, name: str) -> datetime | None:
        checked(name)
        return None

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Remove what interrupted writing has left behind before that time; returns how many files it was."""
        limit = datetime.now(UTC) - older_than
        stale = [f.name for f in self._all("") if f.name.endswith(LEFTOVER) and f.modified_at < limit]

        async def work(sftp: SFTPClient) -> None:
            for name in stale:
                await self._remove(sftp, name)

        self._change(work, "leftovers could not be deleted")
        return len(stale)

    def _read(self, work: Callable[[SFTPClient], Awaitable[Result]]) -> Result:
        try:
            return self._line.run(work)
        except Lost as error:
            raise Unreachable(self.name, f"{self.where}: {error}") from None
        except SFTPError as error:
            raise Unreachable(self.name, f"{self.where} cannot be looked into: {error.reason}") from error

    def _change(self, work: Callable[[SFTPClient], Awaitable[None]], failed: str) -> None:
        try:
            self._line.run(work)
        except Lost as error:
            raise Temporary(f"{self.where}: {failed}: {error}.") from None
        except SFTPError as error:
            free_bytes = self.free_bytes()  # version 3 of the protocol has no error of its own for a full disk
            free = "" if free_bytes is None else f" ({free_bytes / 1e6:,.0f} MB are free)"
            raise Permanent(f"{self.where} refuses: {failed}: {error.reason}{free}.") from error

    def _all(self, folder: str) -> Sequence[Listed]:
        async def work(sftp: SFTPClient) -> Sequence[Listed]:
            await self._require(sftp)
            return await self._files(sftp, folder, asyncio.Semaphore(FOLDERS_AT_ONCE))

        return self._read(work)

    async def _require(self, sftp: SFTPClient) -> None:
        try:
            if await sftp.isdir(self.path or "/"):
                return
        except LOST:
            raise
        except SFTPError as error:
            raise Unreachable(self.name, f"{self.where} may not be looked into: {error.reason}") from error
        raise Unreachable(self.name, f"{self.where}: there is no such folder on the server")

    async def _size(self, sftp: SFTPClient, path: str) -> int | None:
        try:
            attributes = await sftp.stat(path)
        except ABSENT:
            await self._require(sftp)
            return None
        return attributes.size if _is_file(attributes) else None

    async def _free(self, sftp: SFTPClient) -> int | None:
        try:
            status = await sftp.statvfs(self.path or "/")
        except asyncssh.SFTPOpUnsupported:
            return None
        return status.bavail * status.frsize

    async def _new(self, sftp: SFTPClient, path: str) -> SFTPClientFile:
        """A new file, open for writing, in a sub-folder that is made where it is missing."""
        mode = SFTPAttrs(permissions=0o600)
        for _ in range(RACES):
            try:
                return await sftp.open(path, "xb", mode)
            except ABSENT:
                await self._make(sftp, path.rpartition("/")[0])
        raise Temporary(f"{self.where}: {path} is removed again and again while we write into it")

    async def _make(self, sftp: SFTPClient, folder: str) -> None:
        await self._require(sftp)
        made = self.path
        for part in folder.removeprefix(self.path).strip("/").split("/"):
            made = f"{made}/{part}"
            try:
                if not stat.S_ISDIR((await sftp.stat(made)).permissions or 0):
                    raise asyncssh.SFTPFailure(f"{made} is a file")
            except ABSENT:
                with suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists, *ABSENT):  # others make it too
                    await sftp.mkdir(made, SFTPAttrs(permissions=0o700))

    async def _remove(self, sftp: SFTPClient, name: str) -> None:
        path = f"{self.path}/{name}"
        if await self._size(sftp, path) is None:
            return
        with suppress(*ABSENT):
            await sftp.remove(path)
        with suppress(SFTPError):
            while (path := path.rpartition("/")[0]) != self.path:
                await sftp.rmdir(path)

    async def _files(self, sftp: SFTPClient, folder: str, turn: asyncio.Semaphore) -> Sequence[Listed]:
        """All files below a sub-folder, in no order; what vanishes meanwhile is left out."""
        async with turn:
            try:
                entries = await sftp.readdir(f"{self.path}/{folder}".encode())
            except ABSENT:
                return []
        files: list[Listed] = []
        folders: list[str] = []
        for entry in entries:
            name = _joined(folder, entry.filename)
            if name is not None and stat.S_ISDIR(entry.attrs.permissions or 0):
                folders.append(name)
            elif name is not None and _is_file(entry.attrs):
                modified_at = datetime.fromtimestamp(entry.attrs.mtime or 0, UTC)
                files.append(Listed(name, entry.attrs.size or 0, modified_at))
        for below in await asyncio.gather(*(self._files(sftp, name, turn) for name in folders)):
            files += below
        return files


def _is_file(attributes: SFTPAttrs) -> bool:
    return stat.S_ISREG(attributes.permissions or 0)


def _joined(folder: str, entry: str | bytes) -> str | None:
    """The name of an entry within the place; None for one that cannot be ours."""
    try:
        part = entry.decode() if isinstance(entry, bytes) else entry
    except UnicodeDecodeError:
        return None
    if part in (".", "..") or (part == FOREIGN and not folder):
        return None
    return f"{folder}/{part}" if folder else part


async def _rename(sftp: SFTPClient, source: str, target: str) -> None:
    try:
        await sftp.posix_rename(source, target)
    except asyncssh.SFTPOpUnsupported:
        with suppress(*ABSENT):
            await sftp.remove(target)  # the plain rename replaces nothing
        await sftp.rename(source, target)
