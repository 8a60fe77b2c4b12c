"""A private MariaDB server: made, started and stopped by us, reachable on the loopback address only.

folder/           ours, 0711 as root: others may pass through, not look; else 0700
  data/           the server's, 0700; its local socket too
  options.cnf     what the server is started with
  options.json    what of it came by `configure`
  password        the administrator's password, 0600, never readable by the server's account
  server.log      what the server says
"""

import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines
from schoolkeeper.connectors.mariadb.address import Address
from schoolkeeper.connectors.mariadb.binaries import SEARCH_PATH, Server
from schoolkeeper.connectors.mariadb.errors import NotStarted, ServerError
from schoolkeeper.connectors.mariadb.session import MariadbConnection, connect, query
from schoolkeeper.connectors.postgres.account import Account
from schoolkeeper.connectors.postgres.cluster_files import LOOPBACK, free_port, own_folder, write_whole
from schoolkeeper.kernel.errors import Unreachable

ACCOUNTS = ("mysql", "nobody")
ADMINISTRATOR = "schoolkeeper-scratch"
SETUP_TIMEOUT_SECONDS = 120
START_TIMEOUT_SECONDS = 90
ATTEMPTS = 3
POLL_SECONDS = 0.05
# A clean end first; its data may be lost at any time, so it is not waited for long.
STOP = ((signal.SIGTERM, 20.0),)
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

Options = Mapping[str, str | int]
# Its data can be made again, so nothing is flushed; it runs no events, sends nothing and reads no files of ours.
OPTIONS: Options = MappingProxyType(
    {
        "bind-address": LOOPBACK,
        "skip-name-resolve": 1,
        "skip-log-bin": 1,
        "skip-slave-start": 1,
        "event-scheduler": "OFF",
        "local-infile": 0,
        "performance-schema": 0,
        "character-set-server": "utf8mb4",
        "max-allowed-packet": "1G",
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-doublewrite": 0,
        "innodb-buffer-pool-size": "256M",
        "innodb-log-file-size": "256M",
        "socket": "server.sock",  # below the data folder: a longer path may not fit
        "pid-file": "server.pid",
    }
)


def server_account() -> Account | None:
    """The account to run the server as: None when we are not root, for then we stay who we are."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ServerError(f"MariaDB does not run as root, and there is no account {' or '.join(ACCOUNTS)}.")


class MariaServer:
    """One data folder and, while it runs, the server on it, which never outlives us, not even after SIGKILL.

    `options` are names and values of the server's own, added to OPTIONS. Errors: `errors`.
    """

    def __init__(self, folder: Path, server: Server, options: Options = MappingProxyType({})) -> None:
        self.folder = folder.resolve()
        self.installed = server
        self.options = {**options, **self._configured()}
        self.account = server_account()
        self.port = 0
        self._process: GuardedProcess | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def configure(self, options: Options) -> None:
        """Add options for the next start and every later one."""
        self._make_own_folder()
        configured = {**self._configured(), **options}
        write_whole(self.folder / "options.json", json.dumps(configured))
        self.options |= configured

    def _configured(self) -> dict[str, str | int]:
        try:
            found: dict[str, str | int] = json.loads((self.folder / "options.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def start(self) -> None:
        """Have the server running; makes its data folder the first time. Raises ServerError."""
        if self._process is not None and self._process.poll() is None:
            return
        self._make_folders()
        for attempt in range(1, ATTEMPTS + 1):
            if self._start_once(last=attempt == ATTEMPTS):
                return

    def stop(self) -> None:
        """Stop the server if it runs; returns when it is gone."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def address(self, database: str = "", user: str = "", password: str = "") -> Address:
        """How to reach a database, as the administrator unless somebody else is named."""
        if not user:
            user, password = ADMINISTRATOR, (self.folder / "password").read_text()
        return Address(LOOPBACK, self.port, user, database, password)

    def connect(self, database: str = "") -> MariadbConnection:
        """A patient session of the administrator."""
        return connect("scratch database", self.address(database), {"max_statement_time": 0}, patient=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _make_folders(self) -> None:
        self._make_own_folder()
        if self.account and (closed := self.account.barrier(self.folder)):
            raise ServerError(
                f"MariaDB runs as '{self.account.name}', and that account cannot enter {closed} on the way to "
                f"{self.folder}. Use a folder elsewhere, or allow passing with: chmod o+x {closed}"
            )
        if not self.data.exists():
            self._install()

    def _make_own_folder(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711 if self.account else 0o700)

    def _install(self) -> None:
        """Make the data folder, complete or not at all, with the administrator as its only account."""
        workshop = self.folder / "setup"
        shutil.rmtree(workshop, ignore_errors=True)  # left by an interrupted attempt
        own_folder(workshop, self.account)
        password = secrets.token_urlsafe(32)
        write_whole(self.folder / "password", password)
        write_whole(workshop / "accounts.sql", _accounts(password), self.account)
        done = subprocess.run(
            [
                str(self.installed.install_program),
                *("--no-defaults", f"--datadir={workshop / 'data'}", "--skip-test-db", "--skip-name-resolve"),
                *("--auth-root-authentication-method=normal", f"--extra-file={workshop / 'accounts.sql'}"),
                # Servers that share a folder for temporary tables remove each other's.
                *("--innodb-log-file-size=256M", f"--tmpdir={workshop}"),
            ],
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SETUP_TIMEOUT_SECONDS,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )
        if done.returncode:
            lines = (done.stdout + done.stderr).splitlines()
            said = "\n".join([line for line in lines if "ERROR" in line] or lines[-12:])
            raise NotStarted(f"mariadb-install-db failed in {workshop}:\n{said}")
        own_folder(workshop / "data" / "files", self.account)
        (workshop / "data").rename(self.data)
        shutil.rmtree(workshop)

    def _start_once(self, *, last: bool) -> bool:
        self.port = free_port()
        places = {"datadir": self.data, "tmpdir": self.data, "secure-file-priv": self.data / "files"}
        options = {**OPTIONS, **self.options, **places, "port": self.port}
        text = "[mariadbd]\n" + "".join(f"{name}={value}\n" for name, value in options.items())
        write_whole(self.folder / "options.cnf", text, self.account)
        log = self.folder / "server.log"
        before = log.stat().st_size if log.exists() else 0
        process = GuardedProcess(
            Command(
                name="mariadbd",
                argv=[str(self.installed.program), f"--defaults-file={self.folder / 'options.cnf'}"],
                env=ENVIRONMENT,
                log=log,
                stop=STOP,
                user=(self.account.uid, self.account.gid) if self.account else None,
            )
        )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                self._process = process
                return True
            time.sleep(POLL_SECONDS)
        process.stop()
        said = last_lines(log, from_byte=before)
        if last or "Address already in use" not in said:
            raise NotStarted(f"MariaDB {self.installed.version} did not start on {self.data}:\n{said}")
        return False

    def _answers(self) -> bool:
        """Whether it is our own server that answers, and not a stranger on a reused port."""
        try:
            with self.connect() as connection:
                folder = query(connection, "SELECT @@datadir AS folder")[0]["folder"]
        except Unreachable:
            return False
        return Path(str(folder)) == self.data


def _accounts(password: str) -> str:
    """Statements that leave the administrator alone; the password is in them as its hash only.

    The account `mariadb.sys` cannot sign in; views of the server's own run as it.
    """
    digest = hashlib.sha1(hashlib.sha1(password.encode()).digest())  # noqa: S324 - mysql_native_password
    return (
        "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\n"  # noqa: S608 - names of our own
        "FLUSH PRIVILEGES;\n"
        f"CREATE USER '{ADMINISTRATOR}'@'{LOOPBACK}' IDENTIFIED BY PASSWORD '*{digest.hexdigest().upper()}';\n"
        f"GRANT ALL ON *.* TO '{ADMINISTRATOR}'@'{LOOPBACK}' WITH GRANT OPTION;\n"
    )
