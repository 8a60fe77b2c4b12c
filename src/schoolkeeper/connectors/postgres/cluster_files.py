"""The files of a private server's folder, and how they are written safely.

    folder/          ours, 0711 as root: others may pass through, not look; else 0700
      data/          the server's, 0700
      log/           the server's: where `logging_collector` writes, if switched on
      server.log     what the server says before and without the collector
      password       the superuser's password, 0600, never readable by the server's account
      port           the port that was last used
      .lock          held while the server is being set up, started or stopped
      .users         held, shared, by every process that uses the server

When we are root we write into folders of a less trusted account. Every such write makes a new file and
moves it into place, so that a link planted there is replaced and never followed.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from schoolkeeper.connectors.postgres.account import Account

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ClusterFiles:
    """Paths below the folder of one cluster."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def server_log(self) -> Path:
        return self.folder / "server.log"

    @property
    def password(self) -> Path:
        return self.folder / "password"

    @property
    def port(self) -> Path:
        return self.folder / "port"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the cluster's lock; waits for its turn. The kernel frees it when the holder dies."""
        descriptor = self._open_lock(".lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def enter_as_user(self) -> int:
        """Be counted as a user of the server until the descriptor that is returned is closed."""
        descriptor = self._open_lock(".users")
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return descriptor

    def has_users(self) -> bool:
        """Whether anybody uses the server; only certain for the holder of the lock."""
        descriptor = self._open_lock(".users")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _open_lock(self, name: str) -> int:
        return os.open(self.folder / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says: process id, port, and whether connections are accepted."""

    pid: int
    port: int | None
    ready: bool

    def is_alive_in(self, data: Path) -> bool:
        """Whether that process lives and works in `data`: process ids are reused, above all by a reboot."""
        try:
            process = psutil.Process(self.pid)
            try:
                return Path(process.cwd()) == data
            except psutil.AccessDenied:  # also root may not look, in a container without CAP_SYS_PTRACE
                return str(data) in process.cmdline()
        except psutil.NoSuchProcess:  # a zombie's error is one of these too
            return False


def read_postmaster(data: Path) -> Postmaster | None:
    """The content of `postmaster.pid` (lines as in PostgreSQL's pidfile.h), or None without a valid one."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
    except (OSError, ValueError, IndexError):
        return None
    port = int(lines[3]) if len(lines) > 3 and lines[3].isdecimal() else None
    return Postmaster(pid, port, ready=len(lines) > 7 and lines[7].strip() == "ready")


def write_whole(path: Path, content: str, account: Account | None = None, mode: int = 0o600) -> None:
    """Write a file completely or not at all, owned by `account`."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            if account is not None:
                os.fchown(descriptor, account.uid, account.gid)
            os.fsync(descriptor)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)  # only there after a fault


def own_folder(path: Path, account: Account | None, mode: int = 0o700) -> None:
    """Make `path` a folder of `account`; one that exists is left as it is."""
    if not path.exists():
        path.mkdir(mode=mode)
        if account is not None:
            os.chown(path, account.uid, account.gid)


def render_settings(settings: Mapping[str, str | int]) -> str:
    """Settings in the syntax of postgresql.conf."""
    quoted = {name: str(value).replace("\\", "\\\\").replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on that port of the loopback address now."""
    with socket.socket() as probe:
        # As PostgreSQL itself does; otherwise connections that have just been closed look like a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
