"""The line to an SFTP server: one connection, kept by one private event loop, used by many threads.

Secrets are given to `Login` and shown by nothing here.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import TypeVar

import asyncssh

from schoolkeeper.kernel.errors import Unreachable

Result = TypeVar("Result")
CONNECT_SECONDS = 15
LOGIN_SECONDS = 30
KEEPALIVE_SECONDS = 15  # three without an answer, and the connection counts as lost
WORK_SECONDS = 1800  # 40 MB over the slowest line worth using, and an end to waiting for a server that hangs
CLOSE_SECONDS = 5
RSA = ("rsa-sha2-512", "rsa-sha2-256")
HOST_KEY_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", *RSA)
LOST = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.DisconnectError,
    asyncssh.ChannelOpenError,
)
OTHER_KEY = (
    "shows another host key than the definition names; nothing was sent to it. Either it was set up anew (ask who "
    "runs it, then change host_key), or somebody stands in between"
)


class Lost(Exception):
    """The connection broke off, or the server went silent, while it was in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who signs in where; `host_key` is the only key that the server may show, as in "ssh-ed25519 AAAA…"."""

    host: str
    port: int
    username: str
    host_key: str
    private_key: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class SftpLine:
    """Connects at first use and again after a loss. `component` is named in faults."""

    def __init__(self, component: str, login: Login) -> None:
        self._component = component
        self._login = login
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def run(self, work: Callable[[asyncssh.SFTPClient], Awaitable[Result]]) -> Result:
        """Do some work on the server and wait for its result; from any thread.

        Raises Unreachable when no connection comes about, Lost when it breaks off, and what the work raises.
        """
        try:
            return asyncio.run_coroutine_threadsafe(self._worked(work), self._started()).result()
        except CancelledError:
            raise Lost("the connection was closed by us") from None

    def close(self) -> None:
        """Sign out and end the loop and its thread; a later `run` begins anew."""
        with self._starting:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(self._leave(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop, self._connecting = asyncio.new_event_loop(), asyncio.Lock()
                self._thread = threading.Thread(target=self._loop.run_forever, name="sftp", daemon=True)
                self._thread.start()
            return self._loop

    async def _worked(self, work: Callable[[asyncssh.SFTPClient], Awaitable[Result]]) -> Result:
        client = await self._ready()
        try:
            async with asyncio.timeout(WORK_SECONDS):
                return await work(client)
        except TimeoutError:
            self._drop()
            raise Lost("the server has not answered for too long") from None
        except (*LOST, ConnectionError):
            self._drop()
            raise Lost("the connection broke off") from None

    async def _ready(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._client is None or self._connection is None or self._connection.is_closed():
                self._drop()
                self._connection = await self._connected()
                self._client = await self._opened(self._connection)
            return self._client

    async def _opened(self, connection: asyncssh.SSHClientConnection) -> asyncssh.SFTPClient:
        try:
            return await connection.start_sftp_client()
        except (asyncssh.Error, OSError):
            connection.close()
            raise self._unreachable("lets us in, but offers no SFTP") from None

    async def _connected(self) -> asyncssh.SSHClientConnection:
        login = self._login
        key = self._private_key()
        try:
            return await asyncssh.connect(
                login.host,
                login.port,
                username=login.username,
                known_hosts=([asyncssh.import_public_key(login.host_key)], [], []),
                server_host_key_algs=_host_key_algorithms(login.host_key),
                client_keys=None if key is None else [key],
                password=login.password,
                agent_path=None,
                config=None,  # nobody's ~/.ssh/config decides where backups go
                gss_kex=False,
                gss_auth=False,
                keepalive_interval=KEEPALIVE_SECONDS,
                connect_timeout=CONNECT_SECONDS,
                login_timeout=LOGIN_SECONDS,
            )
        except asyncssh.HostKeyNotVerifiable:
            raise self._unreachable(OTHER_KEY) from None
        except asyncssh.PermissionDenied:
            raise self._unreachable(f"does not let {login.username} in with this {self._means()}") from None
        except asyncssh.KeyImportError:
            raise self._unreachable("cannot be checked: host_key is no public key") from None
        except asyncssh.Error as error:
            raise self._unreachable(f"ends the connection: {error.reason}") from None
        except TimeoutError:
            raise self._unreachable("does not answer") from None
        except OSError as error:
            raise self._unreachable(f"cannot be reached: {error.strerror or error}") from None

    def _private_key(self) -> asyncssh.SSHKey | None:
        if self._login.private_key is None:
            return None
        try:
            return asyncssh.import_private_key(self._login.private_key)
        except asyncssh.KeyImportError:
            raise Unreachable(
                self._component, "the private key for SFTP cannot be read: it is none, or it has a passphrase"
            ) from None

    def _means(self) -> str:
        return "password" if self._login.private_key is None else "private key"

    def _unreachable(self, says: str) -> Unreachable:
        return Unreachable(self._component, f"the SFTP server {self._login.host}:{self._login.port} {says}")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._client = None

    async def _leave(self) -> None:
        """Close the connection; whoever still works on it gets Lost."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
                await asyncio.wait_for(connection.wait_closed(), CLOSE_SECONDS)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_default_executor()


def _host_key_algorithms(host_key: str) -> list[str]:
    """What to ask the server for: the kind of key that we know, then all others, so that a server whose key has
    changed its kind shows that key and is found out, where it would otherwise hang up."""
    kind = host_key.split()[0]
    known = RSA if kind == "ssh-rsa" else (kind,)
    return list(dict.fromkeys([*known, *HOST_KEY_KINDS]))
