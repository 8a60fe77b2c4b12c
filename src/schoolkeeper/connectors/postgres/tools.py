"""Running pg_dump and pg_restore: passwords in the environment, never in the process list."""

import contextlib
import fcntl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from psycopg.conninfo import make_conninfo

from schoolkeeper.connectors.postgres.binaries import Binaries, find, newest
from schoolkeeper.connectors.postgres.cluster_errors import PostgresNotFound
from schoolkeeper.connectors.postgres.session import SECRETS, parsed
from schoolkeeper.kernel.errors import Permanent

PRIVATE = (*SECRETS, "passfile")
LAST_LINES = 5
LOCK_WAIT_SECONDS = 60
PIPE_BYTES = 1 << 20


def address(dsn: str) -> tuple[str, dict[str, str]]:
    """A connection address without its secrets, and the environment that carries them.

    Raises Permanent, quoting nothing, when it is not well-formed.
    """
    try:
        parameters = parsed(dsn)
    except ValueError as error:
        raise Permanent(f"the database cannot be reached: {error}") from None
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "10"}
    if parameters.get("password"):
        environment["PGPASSWORD"] = str(parameters["password"])
    if parameters.get("passfile"):
        environment["PGPASSFILE"] = str(parameters["passfile"])
    public = {name: value for name, value in parameters.items() if name not in PRIVATE}
    return make_conninfo("", **public), environment


def for_dump(server_major: int) -> Binaries:
    """The programs to dump a server of that version with: its own, else newer ones.

    Raises Permanent when there are only older ones, because pg_dump refuses servers newer than itself.
    """
    try:
        return find(server_major)
    except PostgresNotFound:
        newer = newest()
        if newer.major < server_major:
            raise Permanent(
                f"The server is PostgreSQL {server_major}, and pg_dump {newer.major} cannot read a server newer "
                f"than itself. Install the package postgresql-client-{server_major}."
            ) from None
        return newer


def said(stderr: IO[bytes], environment: Mapping[str, str]) -> str:
    """The last lines of what a program said, without our password."""
    stderr.seek(0)
    text = stderr.read().decode(errors="replace")
    if password := environment.get("PGPASSWORD"):
        text = text.replace(password, "***")
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


@contextmanager
def dumping(
    dsn: str, binaries: Binaries, snapshot: str, begun: Callable[[Callable[[], None]], None] = lambda end: None
) -> Iterator[IO[bytes]]:
    """The uncompressed custom-format dump of a database as of an exported snapshot, as a stream to be read.

    `begun` is given what ends the program at any time, and the stream with it. Raises Permanent with pg_dump's own
    words when it fails; it ends with us when we die, as nobody reads on.
    """
    public, environment = address(dsn)
    argv = [
        str(binaries.path("pg_dump")),
        *("--format=custom", "--compress=0", f"--snapshot={snapshot}", "--no-password"),
        *(f"--lock-wait-timeout={LOCK_WAIT_SECONDS}s", "--dbname", public),
    ]
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=stderr, cwd="/")
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # only a wish, and one that the kernel may refuse
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        try:
            begun(process.kill)
            yield process.stdout
            code = process.wait()
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()
        if code:
            raise Permanent(f"pg_dump failed: {said(stderr, environment)}")


def run(dsn: str, binaries: Binaries, program: str, options: Sequence[str]) -> str:
    """Run a client program to its end; its last words when it fails, "" when it succeeds."""
    public, environment = address(dsn)
    argv = [str(binaries.path(program)), *options, "--no-password", "--dbname", public]
    with tempfile.TemporaryFile() as stderr:
        code = subprocess.run(
            argv, env=environment, stdout=subprocess.DEVNULL, stderr=stderr, cwd="/", check=False
        ).returncode
        return (said(stderr, environment) or f"{program} ended with code {code}") if code else ""
