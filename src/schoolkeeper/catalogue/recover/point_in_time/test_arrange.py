"""A school whose server archives its log, a morning with mistakes in it, and runs of `recover.point_in_time`."""

import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from schoolkeeper.catalogue.recover.point_in_time.facts import PointFacts, PointOptions
from schoolkeeper.catalogue.recover.point_in_time.task import RecoverPointInTime
from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.log_search import between
from schoolkeeper.connectors.engines.pgbackrest.act import PgbackrestAct
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.protocol import EngineAct, PhysicalLook
from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.postgres.timeline import Change, gathering_for
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.profiles.model import Assertion, Profile
from schoolkeeper.testing import Subject
from schoolkeeper.testing.arrange import NOWHERE, content_of, secret_file
from schoolkeeper.testing.plugin import HOME

NEGATIVE = Assertion(code="points", title="Points", query="SELECT id FROM grade WHERE points < 0")
PROFILE = Profile(slug="test", title="Test ERP", integrity=[NEGATIVE])
PGBACKREST_MAJOR = 15
ZONE = "Asia/Tashkent"
TABLES = """
CREATE TABLE grade (id serial PRIMARY KEY, class text, name text, points numeric);
CREATE TABLE person (id serial PRIMARY KEY, name text);
CREATE TABLE homework (id int PRIMARY KEY, title text);
CREATE TABLE old_list (id int, name text);
INSERT INTO grade (class, name, points)
SELECT '7' || chr(97 + g % 4), 'pupil ' || g, g FROM generate_series(1, 100) AS g;
INSERT INTO person (name) SELECT 'person ' || g FROM generate_series(1, 30) AS g;
INSERT INTO homework SELECT g, 'page ' || g FROM generate_series(1, 40) AS g;
INSERT INTO old_list SELECT g, 'old' FROM generate_series(1, 5) AS g
"""


class Engine(PhysicalLook, EngineAct, Protocol):
    """pgBackRest or Barman."""


@dataclass
class Morning:
    """`content` is what the tables held just before something, `at` is when that was."""

    content: dict[str, str] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)
    xid: dict[str, str] = field(default_factory=dict)


@dataclass
class North:
    """A school; `take_in` is what the tool does each minute about what the server has archived."""

    folder: Path
    server: Cluster
    engine: Engine
    component: dict[str, Any]
    take_in: Callable[[], object] = lambda: None
    morning: Morning = field(default_factory=Morning)

    @property
    def dsn(self) -> str:
        return self.server.dsn("school")

    @property
    def content(self) -> str:
        return content_of(self.dsn)

    def system(self, dsn: str, **more: Any) -> System:
        database = {"kind": "postgres", "dsn": dsn}
        components = {"database": database, "engine": self.component, **more}
        common = {"slug": "test-college", "name": "Test College", "profile": "test", "environment": "scratch"}
        return System.model_validate({**common, "timezone": ZONE, "components": components})

    def subject(self, key: str = "", **options: object) -> Subject:
        """A run of its own for each choice of options, so that what it has recovered is its own too."""
        home = self.folder / "keeper"
        home.mkdir(exist_ok=True)
        home.chmod(0o711)
        run = key or "_".join(str(value)[:40].replace(":", "").replace("+", "") for value in options.values())

        class Run(Subject):
            def context(self) -> RunContext:
                now = datetime.now(UTC)
                return RunContext(run.replace(" ", "_"), datetime(2026, 3, 2, 12, tzinfo=UTC), now, self.home)

        return Run(
            task=RecoverPointInTime(),
            system=self.system(secret_file(self.folder, "dsn", self.dsn)),
            unreachable=self.system(secret_file(self.folder, "nowhere", NOWHERE)),
            profile=PROFILE,
            home=home,
            fingerprint=lambda: self.content,
            options=PointOptions.model_validate({"confirm": "test-college", **options}),
        )

    def archive(self) -> None:
        """Have what the server wrote until now archived."""
        with self.server.connect() as connection:
            segment = only(connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())"))
            connection.execute("SELECT pg_switch_wal()")
            archived = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
            deadline = time.monotonic() + 60
            while not only(connection.execute(archived, [segment])):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        self.take_in()

    def databases(self) -> list[str]:
        with self.server.connect() as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'school%' ORDER BY 1")
            return [name for (name,) in rows]

    def tidy(self) -> None:
        """After a test: the live database of the morning is live again, and no other is there."""
        with self.server.connect() as connection:
            for name in self.databases():
                if "_before_" in name:
                    connection.execute("DROP DATABASE school WITH (FORCE)")
                    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO school").format(sql.Identifier(name)))
            connection.execute("ALTER DATABASE school ALLOW_CONNECTIONS true")
            for name in self.databases():
                if name != "school":
                    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                    connection.execute(drop)
        shutil.rmtree(self.folder / "keeper" / "quarantine", ignore_errors=True)


def beside(north: North, name: str) -> str:
    """The content of any database of the server."""
    return content_of(north.server.dsn(name))


def facts_of(subject: Subject) -> PointFacts:
    facts = subject.assess()
    assert isinstance(facts, PointFacts)
    return facts


@contextmanager
def with_pgbackrest() -> Iterator[North]:
    """With the newest PostgreSQL that pgBackRest 2.45 knows."""
    with place() as folder:
        account = service_account()
        config, socket = folder / "pgbackrest.conf", give(folder / "socket")
        push = f"pgbackrest --config={config} --stanza=north --log-level-console=off archive-push %p"
        server = serve(folder / "server", PGBACKREST_MAJOR, push, unix_socket_directories=str(socket))
        lines = ["[global]", "start-fast=y", f"repo1-path={give(folder / 'repository')}"]
        lines += [f"{name}-path={give(folder / name)}" for name in ("log", "lock")]
        lines += [
            "[north]",
            f"pg1-path={server.files.data}",
            f"pg1-port={server.port}",
            f"pg1-socket-path={socket}",
        ]
        config.write_text("\n".join(lines) + "\n")
        try:
            subprocess.run(
                ["pgbackrest", f"--config={config}", "--stanza=north", "--log-level-console=off", "stanza-create"],
                check=True,
                cwd="/",
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
            component = {"kind": "pgbackrest", "stanza": "north", "config": str(config)}
            engine = PgbackrestAct("engine", PgbackrestComponent.model_validate(component))
            yield begin(North(folder, server, engine, component))
        finally:
            server.stop()


@contextmanager
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's account can get to."""
    folder = HOME / secrets.token_hex(4)
    folder.mkdir()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def give(folder: Path) -> Path:
    """A folder of PostgreSQL's account."""
    folder.mkdir()
    if account := service_account():
        shutil.chown(folder, account.uid, account.gid)
    return folder


def serve(folder: Path, major: int, archive_command: str, **more: str | int) -> Cluster:
    """A server that archives its log; its own account is the superuser."""
    account = service_account()
    superuser = account.name if account else pwd.getpwuid(os.geteuid()).pw_name
    settings: dict[str, str | int] = {"fsync": "off", "autovacuum": "off", "archive_mode": "on"}
    server = Cluster(folder, find(major), settings={**settings, "archive_command": archive_command, **more})
    server.initialise(superuser=superuser)
    hba = server.files.data / "pg_hba.conf"
    hba.write_text(f"local all {superuser} peer\n{hba.read_text()}")
    server.start()
    return server


def only(cursor: Any) -> Any:
    """The only value of the only row."""
    return cursor.fetchone()[0]


def begin(north: North) -> North:
    """Fill the database, take a copy, and live through the morning."""
    with north.server.connect() as connection:
        create_database(connection, "school")
    with psycopg.connect(north.dsn, autocommit=True) as connection:
        for statement in TABLES.split(";\n"):
            connection.execute(statement.encode())
    north.engine.take_server("set-1")
    with psycopg.connect(north.dsn, autocommit=True) as connection:
        _live(north, connection)
    north.archive()
    return north


def _live(north: North, connection: psycopg.Connection) -> None:
    def note(name: str) -> None:
        north.morning.content[name] = north.content
        north.morning.at[name] = only(connection.execute("SELECT clock_timestamp()")).astimezone(UTC)

    def do(name: str, statement: str) -> None:
        note(name)
        with connection.transaction():
            connection.execute(statement.encode())
            north.morning.xid[name] = only(connection.execute("SELECT pg_current_xact_id()::text"))

    do("first work", "INSERT INTO person (name) VALUES ('new at school')")
    connection.execute("SELECT pg_create_restore_point('exams')")
    with psycopg.connect(north.dsn) as other:
        other.execute("UPDATE grade SET points = points + 1 WHERE class = '7a'")
        do("mistake", "DELETE FROM grade WHERE class = '7b'")
        other.commit()
    do("innocent", "INSERT INTO person (name) VALUES ('ann'), ('bob')")
    do("emptying", "TRUNCATE homework")
    do("dropping", "DROP TABLE old_list")
    do("last work", "INSERT INTO homework VALUES (1, 'new page')")
    connection.execute("VACUUM FULL homework")
    note("end")
    assert north.morning.at["end"] - north.morning.at["first work"] < timedelta(minutes=5)


def check_timeline(north: North) -> None:
    """Each transaction of the morning with its rows, and nothing else."""
    morning = north.morning
    database = PostgresComponent(kind="postgres", dsn=secret_file(north.folder, "dsn", north.dsn))
    with PostgresLook("database", database) as look:
        gathering = gathering_for(look)
    log = ArchivedLog(north.engine, north.server.binaries, north.folder)
    found = between(log, gathering, morning.at["first work"], morning.at["end"])
    changes = {str(one.xid): one.changes for one in found}
    assert changes[morning.xid["first work"]] == (Change("public.person", 1),)
    assert changes[morning.xid["mistake"]] == (Change("public.grade", 0, 0, 25),)
    assert changes[morning.xid["innocent"]] == (Change("public.person", 2),)
    assert changes[morning.xid["emptying"]] == (Change("public.homework", emptied=True),)
    assert changes[morning.xid["last work"]] == (Change("public.homework", 1),)
    (dropped,) = changes[morning.xid["dropping"]]
    assert dropped.dropped
    assert dropped.table.startswith("unknown table ")
    assert len([one for one in found if one.changes == (Change("public.grade", 0, 25),)]) == 1
    assert [one.committed_at for one in found] == sorted(one.committed_at for one in found)
    assert "exams" in [one.name for one in gathering.restore_points]
