"""A PostgreSQL server of our own for one restored copy."""

import functools
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource, SequencePosition
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.admitting import admit
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.checking import check
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError
from schoolkeeper.connectors.postgres.cluster_files import write_whole
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.settling import settle
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.connectors.postgres.survey import survey
from schoolkeeper.kernel.errors import Permanent

SCRATCH = "scratch database"
RESTORED = "restored"
APPLICATION = "schoolkeeper_application"
JOBS = 2
CONNECTIONS = 2


def _nothing() -> None:
    return None


class PostgresScratch:
    """The database `restored` on a server of the source's major version in `folder`.

    Raises Permanent when this machine has no PostgreSQL of that version.
    """

    def __init__(self, folder: Path, source: DatabaseSource) -> None:
        try:
            self.cluster = Cluster(folder, find(source.server_major), settings=SCRATCH_SETTINGS)
        except ClusterError as error:
            raise Permanent(str(error)) from error
        self.version = f"PostgreSQL {self.cluster.binaries.version}"

    def start(self) -> None:
        try:
            self.cluster.start()
        except ClusterError as error:
            raise Permanent(f"The scratch server did not start: {error}") from error

    def stop(self) -> None:
        self.cluster.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restore(
        self, dump: Path, contents: DatabaseContents, dumped_by: str, loading: Callable[[], None] = _nothing
    ) -> list[Fault]:
        """Extensions that are missing here are told before anything is loaded."""
        (self.cluster.files.folder / "application-password").unlink(missing_ok=True)
        with self.cluster.connect() as connection:
            if missing := _missing_extensions(connection, contents):
                return [Fault(code="extension_missing", subject=name) for name in missing]
            _create_roles(connection, contents.roles)
            faults = _create_database(connection, contents.source)
        loading()
        dump_major = int(dumped_by.removeprefix("pg_dump ").partition(".")[0])
        said = tools.run(
            self.cluster.dsn(RESTORED),
            tools.for_dump(max(contents.source.server_major, dump_major)),
            "pg_restore",
            ["--exit-on-error", f"--jobs={JOBS}", "--no-tablespaces", "--no-subscriptions", str(dump)],
        )
        if said:
            return [
                *faults,
                Fault(code="restore_failed", subject=contents.source.database, found=_without_rows(said)),
            ]
        # No dump carries statistics: without them a question of seconds about a large school takes hours.
        with self.cluster.connect(RESTORED) as connection:
            connection.execute("ANALYZE")
        # Only now: a time limit or a search path of the application must not reach the restore.
        with self.cluster.connect() as connection:
            return faults + settle(connection, RESTORED, contents.settings)

    def take_over(self, database: str) -> None:
        """Make a database that came with the server's files the copy; the server's others stay as they are, only
        one that has the copy's name gets another. Raises Permanent when there is no such database."""
        with self.cluster.connect() as connection:
            _name_the_copy(connection, database)
        self._taken_over.touch()

    def dump(self, into: Path) -> None:
        """Write a dump of the copy to a file. Raises Permanent."""
        options = ["--format=custom", "--compress=0", f"--file={into}"]
        if said := tools.run(self.cluster.dsn(RESTORED), self.cluster.binaries, "pg_dump", options):
            raise Permanent(f"the copy cannot be dumped: {_without_rows(said)}")

    def observe(self) -> DatabaseContents:
        return observe(self.cluster.dsn(RESTORED))

    def check(self) -> tuple[int, list[Fault]]:
        return check(lambda: self.cluster.connect(RESTORED), old_indexes=self._taken_over.exists())

    @property
    def _taken_over(self) -> Path:
        return self.cluster.files.folder / "taken-over"

    def rows(self, query: str) -> list[dict[str, Any]]:
        try:
            with self._session() as connection:
                return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            raise QueryFailed(type(error).__name__) from error

    def execute(self, statement: str) -> None:
        try:
            with self._session() as connection:
                connection.execute(statement.encode())
        except psycopg.Error as error:
            raise QueryFailed(type(error).__name__) from error

    def _session(self) -> psycopg.Connection[dict[str, Any]]:
        """Without a time limit: the copy has the settings of the saved database."""
        connection = psycopg.connect(self.cluster.dsn(RESTORED), autocommit=True, row_factory=dict_row)
        connection.execute("SET statement_timeout = 0")
        return connection

    def address(self) -> str:
        """For an account that is made at the first call: a superuser could start programs from SQL."""
        password = self._application_password()
        return self.cluster.dsn(RESTORED, APPLICATION, password)

    def _application_password(self) -> str:
        path = self.cluster.files.folder / "application-password"
        if not path.is_file():
            password = secrets.token_urlsafe(24)
            with self.cluster.connect(RESTORED) as connection:
                admit(connection, APPLICATION, password)
            write_whole(path, password)
        return path.read_text()


def _name_the_copy(connection: psycopg.Connection[Any], database: str) -> None:
    have = {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}
    if database not in have:
        raise Permanent(f"the server had no database {database} at that moment")
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    if database != RESTORED and RESTORED in have:
        other = sql.Identifier(f"{RESTORED} by somebody else")
        connection.execute(rename.format(sql.Identifier(RESTORED), other))
    if database != RESTORED:
        connection.execute(rename.format(sql.Identifier(database), sql.Identifier(RESTORED)))


def observe(dsn: str) -> DatabaseContents:
    """What a database holds now."""
    with snapshot(SCRATCH, dsn) as view:
        return DatabaseContents(
            source=view.source(),
            snapshot=view.id,
            taken_at=view.now(),
            tables=survey(view, dsn, CONNECTIONS),
            large_objects=view.large_objects(),
            objects=view.objects(),
            sequences={
                name: SequencePosition(earliest=position, latest=position)
                for name, position in view.sequences().items()
            },
            roles=view.roles(),
            settings=view.settings(),
        )


def _without_rows(said: str) -> str:
    """Only the lines that name the fault: the others may quote rows, and so people."""
    lines = [line for line in said.splitlines() if "error:" in line and "COPY" not in line.partition("error:")[0]]
    return " ".join(lines) or "pg_restore ended with an error"


def _missing_extensions(connection: psycopg.Connection[Any], contents: DatabaseContents) -> list[str]:
    available = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions").fetchall()}
    return sorted(set(contents.objects.get("extension", {})) - available)


def _create_roles(connection: psycopg.Connection[Any], names: list[str]) -> None:
    have = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for name in names:
        if name not in have:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def _create_database(connection: psycopg.Connection[Any], source: DatabaseSource) -> list[Fault]:
    """An empty database in the source's encoding and, where this machine has it, its locale."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(RESTORED)))
    create = functools.partial(create_database, connection, RESTORED, encoding=source.encoding)
    try:
        create(collate=source.collate, ctype=source.ctype)
    except psycopg.Error:
        create(collate="C", ctype="C")
        return [
            Fault(code="schema_differs", subject="locale", expected=source.collate, found="C", level="warning")
        ]
    return []
