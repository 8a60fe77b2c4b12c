"""The demonstration's ERP: a database server, a filled Smart Education ERP and people who work with it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import LOG_FILE_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_files import free_port, port_is_free
from schoolkeeper.connectors.postgres.cluster_roles import create_database, create_role, database_exists
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.server.demo_definition import ZONE
from schoolkeeper.server.demo_folder import DemoFolder
from schoolkeeper.server.processes import Child
from schoolkeeper.server.serving import LOOPBACK, answers
from schoolkeeper.server.supervisor import Supervisor

ROLE = DATABASE = "smart_erp"
POSTGRES_MAJOR = 16
USUAL_PORT = 8100
REQUESTS_PER_SECOND, PEOPLE = 10, 6
ENOUGH_LINES = 50
POLL_SECONDS = 0.1
Say = Callable[[str], object]


class Erp:
    """Starts in any thread; `stop` may be called at any time, from another."""

    def __init__(self, folder: DemoFolder, size: str, say: Say) -> None:
        self.port = USUAL_PORT if port_is_free(USUAL_PORT) else free_port()
        self._folder, self._size, self._say = folder, size, say
        self._stop = threading.Event()
        self._supervisor: Supervisor | None = None
        self._cluster = Cluster(
            folder.erp_postgres,
            find(POSTGRES_MAJOR, prefer="wheel"),
            settings={**LOG_FILE_SETTINGS, "log_timezone": ZONE},
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def database_log(self) -> str:
        return str(self._cluster.files.logs / "postgresql.log")

    def start(self) -> None:
        """Everything up to the point where people work with it. Raises ClusterError, ChildFailed, Permanent."""
        self._cluster.start()
        self._make_database()
        self._say("the ERP's database server runs")
        self._command("migrate")
        if not self._has_students():
            self._command("fill", "--size", self._size)
            self._say("the ERP is filled with a school")
        self._supervisor = Supervisor(self._children(), self._folder.root)
        if not self._stop.is_set():
            self._supervisor.start()
            self._say("the ERP answers, and people work with it")

    def stop(self) -> None:
        """Stop everything that was started."""
        self._stop.set()
        if self._supervisor is not None:
            self._supervisor.stop()
        self._cluster.stop()

    def request_stop(self) -> None:
        """Make `start` come to its end; returns at once."""
        self._stop.set()
        if self._supervisor is not None:
            self._supervisor.request_stop()

    def tick(self) -> None:
        """One round of looking after it."""
        if self._supervisor is not None:
            self._supervisor.tick()

    def wait_for_traffic(self, limit_seconds: float = 30.0) -> int:
        """Lines of the access log, once there are enough to look at or the time is over."""
        log = self._folder.erp_home / "logs" / "access.log"
        deadline = time.monotonic() + limit_seconds
        while True:
            lines = log.read_bytes().count(b"\n") if log.exists() else 0
            if lines >= ENOUGH_LINES or time.monotonic() > deadline or self._stop.wait(POLL_SECONDS):
                return lines

    def _make_database(self) -> None:
        with self._cluster.connect() as connection:
            create_role(connection, ROLE, self._folder.secret("erp-database-password"))
            connection.execute(f"GRANT pg_monitor TO {ROLE}")
            if not database_exists(connection, DATABASE):
                create_database(connection, DATABASE, owner=ROLE)
        self._folder.secret("erp-database-url", self._database_url())

    def _database_url(self) -> str:
        return self._cluster.dsn(DATABASE, ROLE, self._folder.secret("erp-database-password"))

    def _has_students(self) -> bool:
        with self._cluster.connect(DATABASE) as connection:
            row = connection.execute("SELECT EXISTS (SELECT FROM student)").fetchone()
        return row == (True,)

    def _command(self, *arguments: str) -> None:
        """One command of the ERP, to its end."""
        log = self._folder.root / "logs" / "erp-commands.log"
        log.parent.mkdir(exist_ok=True)
        process = GuardedProcess(
            Command(name="erp-command", argv=_smart_erp(*arguments), env=self._environment(), log=log)
        )
        while not self._stop.is_set():
            try:
                code = process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            if code:
                raise Permanent(f"smart-erp {arguments[0]} failed. The end of {log}:\n{last_lines(log)}")
            return
        process.stop()

    def _children(self) -> list[Child]:
        pace = ("--users", str(PEOPLE), "--rate", str(REQUESTS_PER_SECOND))
        web = Child(
            name="erp",
            argv=_smart_erp("serve"),
            env=self._environment(),
            ready=answers(LOOPBACK, self.port, "/healthz", worst=200),
        )
        traffic = Child(
            name="erp-traffic",
            argv=_smart_erp("traffic", "--url", self.url, *pace),
            env=self._environment(),
        )
        return [web, traffic]

    def _environment(self) -> dict[str, str]:
        not_its = ("SCHOOLKEEPER_", "DJANGO_")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(not_its)},
            "PYTHONUNBUFFERED": "1",
            "SMART_ERP_DATABASE_URL": self._database_url(),
            "SMART_ERP_HOME": str(self._folder.erp_home),
            "SMART_ERP_HOST": LOOPBACK,
            "SMART_ERP_PORT": str(self.port),
            "SMART_ERP_DEMO_PASSWORD": self._folder.secret("erp-user-password"),
        }


def _smart_erp(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "smart_erp", *arguments]
