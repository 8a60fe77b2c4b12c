"""A private PostgreSQL server: made, started and stopped by us, reachable on the loopback address only."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

import psutil
import psycopg

from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines, rotate
from schoolkeeper.connectors.postgres import cluster_files as files
from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.binaries import Binaries
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError, NotStarted, PortTaken

Settings = Mapping[str, str | int]

DEFAULT_CACHE = Path("/var/cache/schoolkeeper")
SUPERUSER = "schoolkeeper"
OUR_SETTINGS_FILE = "schoolkeeper.conf"
POLL_SECONDS = 0.02
INITDB_TIMEOUT_SECONDS = 120
SERVER_LOG_LIMIT_BYTES = 5_000_000
TRANSIENT_START_FAULTS = ("Address already in use", "pre-existing shared memory block")

# Fast shutdown (SIGINT) ends sessions and writes a checkpoint; immediate (SIGQUIT) leaves recovery to the
# next start. Smart (SIGTERM) would wait for every client. Source: PostgreSQL manual, "Shutting Down".
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

# For a server whose data may be lost at any time, because it can be restored again.
SCRATCH_SETTINGS: Settings = MappingProxyType(
    {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "autovacuum": "off",
        "maintenance_work_mem": "256MB",
    }
)
# Writes `log/postgresql.log` of the cluster's folder, by the server itself.
LOG_FILE_SETTINGS: Settings = MappingProxyType(
    {
        "logging_collector": "on",
        "log_filename": "postgresql.log",
        "log_rotation_age": 0,
        "log_rotation_size": 0,
        "log_file_mode": "0640",
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
)


class Cluster:
    """One data folder and, while it runs, the server on it.

    Several processes may hold a Cluster on the same folder: the first to start it owns the server, the others
    find it running and use it, and `stop` stops only what this object started. The server never outlives
    its owner, not even after SIGKILL. As root, it runs as `account` (default: postgres, else nobody).

    `port` None means: choose a free one, remember it, choose another if it is taken later; ask `dsn` after
    `start`. `settings` are names and values of postgresql.conf, applied at each start. `cache` receives a
    copy of the programs when the account cannot get to the original. Errors: `cluster_errors`.
    """

    def __init__(
        self,
        folder: Path,
        binaries: Binaries,
        port: int | None = None,
        *,
        settings: Settings = MappingProxyType({}),
        account: str | None = None,
        cache: Path = DEFAULT_CACHE,
    ) -> None:
        self.files = files.ClusterFiles(folder.resolve())
        self.account = service_account(account)
        self._installed = binaries
        self._cache = cache
        self._wanted_port = port
        self._settings = settings
        self._server: GuardedProcess | None = None
        self._user_lock: int | None = None

    @property
    def binaries(self) -> Binaries:
        """The programs that fit this server, where its account can run them."""
        return self._installed.reachable_by(self.account, self._cache)

    @property
    def owns_server(self) -> bool:
        """Whether the server that runs was started by this object."""
        return self._server is not None and self._server.poll() is None

    # Setting up

    def initialise(self, superuser: str = SUPERUSER, password: str | None = None) -> None:
        """Make the data folder, once; a second call changes nothing.

        Without `password` a random one is made; it is kept in the folder, readable by us alone. Raises
        ClusterError when the folder belongs to another major version.
        """
        if not self.files.folder.exists():
            self.files.folder.mkdir(parents=True)
            self.files.folder.chmod(0o711 if self.account else 0o700)
        if self.account is not None:
            self.account.require_way_to(self.files.folder)
        with self.files.locked():
            if not self.is_initialised():
                self._make_data_folder(superuser, password or secrets.token_urlsafe(32))
        found = (self.files.data / "PG_VERSION").read_text().strip()
        if found != str(self._installed.major):
            raise ClusterError(
                f"{self.files.data} was made by PostgreSQL {found}, which PostgreSQL {self._installed.major} "
                "cannot open. Use that version, or move the data with pg_upgrade."
            )

    def is_initialised(self) -> bool:
        """Whether the data folder exists; it is moved into place complete."""
        return (self.files.data / "PG_VERSION").is_file()

    def _make_data_folder(self, superuser: str, password: str) -> None:
        if any(character in password for character in "\r\n\0"):
            raise ValueError("A superuser's password cannot contain line breaks or NUL.")
        files.own_folder(self.files.logs, self.account)
        workshop = self.files.folder / "setup"
        self._run_as_account("rm", "-rf", str(workshop))  # left by an interrupted attempt
        files.own_folder(workshop, self.account)
        files.write_whole(workshop / "password", password, self.account)
        try:
            self._initdb(workshop / "data", superuser, workshop / "password")
            conf = workshop / "data" / "postgresql.conf"
            include = f"\ninclude_if_exists = '{OUR_SETTINGS_FILE}'\n"
            files.write_whole(conf, conf.read_text() + include, self.account)
            files.write_whole(self.files.password, f"{superuser}\n{password}\n")
            (workshop / "data").rename(self.files.data)
        finally:
            self._run_as_account("rm", "-rf", str(workshop / "data"), str(workshop / "password"))
            workshop.rmdir()

    def _initdb(self, data: Path, superuser: str, password_file: Path) -> None:
        """C.UTF-8 sorts the same on every machine; where the system lacks it, C does too."""
        builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        provider = builtin if self._installed.major >= 17 else ()
        sync = ("--no-sync",) if self._settings.get("fsync") == "off" else ()
        faults = ""
        for locale in ("C.UTF-8", "C"):
            done = self._run_as_account(
                str(self.binaries.path("initdb")),
                *("--pgdata", str(data), "--username", superuser, "--pwfile", str(password_file)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", f"--locale={locale}"),
                *provider,
                *sync,
            )
            if done.returncode == 0:
                return
            faults = done.stderr.strip()
            self._run_as_account("rm", "-rf", str(data))
        raise NotStarted(f"initdb failed in {data}:\n{faults}")

    def _run_as_account(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=INITDB_TIMEOUT_SECONDS,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )

    # Starting and stopping

    def start(self, timeout_seconds: float = 60) -> None:
        """Have the server running and accepting connections; a server that already runs is used as it is.

        Initialises on first use. Raises NotStarted, with the server's last log lines, and PortTaken.
        """
        self.initialise()
        deadline = time.monotonic() + timeout_seconds
        with self.files.locked():
            self._let_the_last_one_finish(deadline)
            while not self.is_running():
                self._start_once(deadline)
            if self._user_lock is None:
                self._user_lock = self.files.enter_as_user()

    def stop(self, patience_seconds: float = 0) -> None:
        """Stop the server if this object started it: fast, so open sessions end; returns when it is gone.

        With `patience_seconds` it first waits that long for other processes which use the server to finish.
        """
        if self._user_lock is not None:
            os.close(self._user_lock)
            self._user_lock = None
        deadline = time.monotonic() + patience_seconds
        while self._server is not None:
            with self.files.locked():
                if not self.files.has_users() or time.monotonic() >= deadline:
                    self._server.stop()
                    self._server = None
                    return
            time.sleep(POLL_SECONDS)

    def is_running(self) -> bool:
        """Whether a server accepts connections and proves to be the one on our data folder."""
        found = files.read_postmaster(self.files.data)
        if found is None or not found.ready or found.port is None:
            return False
        try:
            # The server must know the password too (SCRAM), so a stranger on a reused port learns nothing.
            with psycopg.connect(
                self._dsn("postgres", found.port), connect_timeout=5, require_auth="scram-sha-256"
            ) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.files.data

    def _let_the_last_one_finish(self, deadline: float) -> None:
        """Wait while a server on our folder is still coming up or going down.

        A `postmaster.pid` whose process id now belongs to some other program would make PostgreSQL refuse to
        start, so it is removed. That of a dead process stays: PostgreSQL reads there which shared memory to
        check for surviving sessions.
        """
        while (found := files.read_postmaster(self.files.data)) is not None:
            if not found.is_alive_in(self.files.data):
                if psutil.pid_exists(found.pid):
                    (self.files.data / "postmaster.pid").unlink(missing_ok=True)
                return
            if self.is_running():
                return
            if time.monotonic() > deadline:
                raise NotStarted(
                    f"A PostgreSQL server (process {found.pid}) holds {self.files.data} but accepts no "
                    f"connections of ours.\n{last_lines(self.files.server_log)}"
                )
            time.sleep(POLL_SECONDS)

    def _start_once(self, deadline: float) -> None:
        """One attempt; returns without a server when the fault is of the kind that passes."""
        port = self._choose_port()
        self._write_settings(port)
        log = self.files.server_log
        rotate(log, SERVER_LOG_LIMIT_BYTES)
        before = log.stat().st_size if log.exists() else 0
        server = GuardedProcess(
            Command(
                name="postgres",
                argv=[str(self.binaries.path("postgres")), "-D", str(self.files.data)],
                env=_environment(),
                log=log,
                stop=STOP,
                user=(self.account.uid, self.account.gid) if self.account else None,
            )
        )
        _wait(lambda: server.poll() is not None or self.is_running(), deadline)
        if server.poll() is None and self.is_running():
            self._server = server
            files.write_whole(self.files.port, f"{port}\n")
            return
        server.stop()
        said = last_lines(log, from_byte=before)
        if time.monotonic() > deadline or not any(fault in said for fault in TRANSIENT_START_FAULTS):
            raise NotStarted(f"PostgreSQL {self._installed.version} did not start on {self.files.data}:\n{said}")
        time.sleep(POLL_SECONDS)

    def _choose_port(self) -> int:
        if self._wanted_port is not None:
            if not files.port_is_free(self._wanted_port):
                raise PortTaken(f"Port {self._wanted_port} on {files.LOOPBACK} is used by another program.")
            return self._wanted_port
        try:
            remembered = int(self.files.port.read_text())
        except (FileNotFoundError, ValueError):
            return files.free_port()
        return remembered if files.port_is_free(remembered) else files.free_port()

    def _write_settings(self, port: int) -> None:
        """Into a file and not on the command line: so a base backup carries them and can be recovered."""
        settings: Settings = {
            "listen_addresses": files.LOOPBACK,
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "log_directory": str(self.files.logs),
            **self._settings,
            "port": port,
        }
        files.write_whole(self.files.data / OUR_SETTINGS_FILE, files.render_settings(settings), self.account)

    # Reaching it

    @property
    def port(self) -> int:
        """The port of the server that runs; raises NotStarted when there is none."""
        found = files.read_postmaster(self.files.data)
        if found is None or found.port is None:
            raise NotStarted(f"No server runs on {self.files.data}.")
        return found.port

    def dsn(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """The address as a postgresql:// URL, as the superuser or as a role whose password is given.

        Raises NotStarted when no server runs.
        """
        return self._dsn(database, self.port, user, password)

    def _dsn(self, database: str, port: int, user: str | None = None, password: str | None = None) -> str:
        if user is None:
            user, password = self.files.password.read_text(encoding="utf-8").split("\n")[:2]
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
        return f"postgresql://{login}@{files.LOOPBACK}:{port}/{quote(database, safe='')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection as the superuser, in autocommit mode."""
        return psycopg.connect(self.dsn(database), autocommit=True, connect_timeout=10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    """A clean one: no PG* variable may steer our server, and no secret of ours may reach another account."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _wait(condition: Callable[[], bool], deadline: float) -> None:
    while not condition() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
