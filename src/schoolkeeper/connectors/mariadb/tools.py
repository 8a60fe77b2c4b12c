"""Running MariaDB's own programs: the password reaches them in memory, never by the process list or a file."""

import contextlib
import fcntl
import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.binaries import SEARCH_PATH
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable

ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
LAST_LINES = 5
PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 16
DUMP_OPTIONS = (
    "--single-transaction",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    "--tz-utc",
    "--no-autocommit",
    "--no-tablespaces",
    "--skip-dump-date",
    "--skip-add-locks",  # a table that takes its numbers from a sequence cannot be filled while it is locked
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
# The first words of the dump that are written after its transaction has begun, or the end of a dump of nothing.
_BEGUN = re.compile(rb"^-- (?:Table|Sequence|Temporary table) structure for |^-- Dump completed", re.MULTILINE)
_LOST = re.compile(r"\b(?:2002|2003|2006|2013|2026)\b")
_CHANGED = re.compile(r"\b(?:1412|1213|1205)\b")


@contextmanager
def options_file(address: Address) -> Iterator[tuple[int, str]]:
    """A descriptor to pass on and the path under which a program finds in it how to sign in."""
    values = {"host": address.host, "port": str(address.port), "user": address.user, "password": address.password}
    if address.socket:
        values |= {"socket": address.socket, "protocol": "socket"}
    else:
        values["protocol"] = "tcp"
    if address.ca:
        values |= {"ssl-ca": address.ca, "ssl-verify-server-cert": "1"}
    text = "[client]\n" + "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())
    descriptor = os.memfd_create("options")
    try:
        os.fchmod(descriptor, 0o600)  # one that everybody could write is ignored
        os.write(descriptor, text.encode())
        yield descriptor, f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _quoted(value: str) -> str:
    """A value in an option file (source: MariaDB's manual, "Configuring MariaDB with Option Files")."""
    for character, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(character, written)
    return f'"{value}"'


class Dump:
    """A running mariadb-dump of one database, begun at construction."""

    def __init__(self, component: str, address: Address, program: Path, *, history: bool) -> None:
        self._component = component
        self._secret = address.password
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        extra = ("--dump-history",) if history else ()
        with options_file(address) as (descriptor, path):
            argv = [str(program), f"--defaults-file={path}", *DUMP_OPTIONS, *extra, "--", address.database]
            self._process = subprocess.Popen(
                argv, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=self._stderr, cwd="/", pass_fds=[descriptor]
            )
        assert self._process.stdout is not None
        self._stdout: IO[bytes] = self._process.stdout
        with contextlib.suppress(OSError):  # only a wish, and one that the kernel may refuse
            fcntl.fcntl(self._stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._head = b""

    def has_begun(self, within_seconds: float) -> bool:
        """Wait until what the dump will read is settled, or the time is over."""
        deadline = time.monotonic() + within_seconds
        while not _BEGUN.search(self._head):
            ready, _, _ = select.select([self._stdout], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                return False
            piece = os.read(self._stdout.fileno(), READ_BYTES)
            if not piece:
                return True  # it failed, as its reader will learn
            self._head += piece
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._head:
            return self._stdout.read(size)
        if size < 0:
            piece, self._head = self._head + self._stdout.read(), b""
        else:
            piece, self._head = self._head[:size], self._head[size:]
        return piece

    @contextmanager
    def whole(self) -> Iterator["Dump"]:
        """The stream, to be read to its end: leaving the block well means that it was whole.

        Raises Unreachable when the connection was lost, Temporary when a definition was changed meanwhile, else
        Permanent with the program's own words.
        """
        yield self
        if self.read(1):
            raise Permanent(f"{self._component}: the dump was not read to its end")
        if not (code := self._process.wait()):
            return
        words = said(self._stderr, self._secret)
        says = f"{self._component}: mariadb-dump failed with code {code}: {words}"
        # It says nothing when the connection is closed between two of its statements.
        if not words or _LOST.search(words):
            raise Unreachable(self._component, says)
        raise Temporary(says) if _CHANGED.search(words) else Permanent(says)

    def close(self) -> None:
        """End the program if it still runs."""
        self._stdout.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._stderr.close()


def said(stderr: IO[bytes], secret: str) -> str:
    """The last lines of what a program said, without our password."""
    stderr.seek(0)
    text = stderr.read().decode(errors="replace")
    if secret:
        text = text.replace(secret, "***")
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


def load(address: Address, program: Path, dump: IO[bytes], moment_seconds: float) -> str:
    """Run a dump's statements; the last words of the client when one fails, "" when all succeed.

    They run as if it were `moment_seconds` after 1970: else the server would drop events whose time has passed.
    """
    with options_file(address) as (descriptor, path), tempfile.TemporaryFile() as stderr:
        argv = [
            *(
                str(program),
                f"--defaults-file={path}",
                "--batch",
                "--binary-mode",
                "--comments",
                "--max-allowed-packet=1G",
            ),
            *("--default-character-set=utf8mb4", f"--init-command=SET timestamp={moment_seconds:.6f}"),
            f"--database={address.database}",
        ]
        code = subprocess.run(
            argv,
            env=ENVIRONMENT,
            stdin=dump,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd="/",
            check=False,
            pass_fds=[descriptor],
        ).returncode
        return (said(stderr, address.password) or f"the client ended with code {code}") if code else ""
