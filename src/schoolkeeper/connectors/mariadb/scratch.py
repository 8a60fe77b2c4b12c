"""A MariaDB server of our own for one restored copy."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pymysql

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource, SequencePosition
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.mariadb import accounts, binaries, settling, tools
from schoolkeeper.connectors.mariadb.checking import check
from schoolkeeper.connectors.mariadb.errors import ServerError
from schoolkeeper.connectors.mariadb.saving import NO_LARGE_OBJECTS
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import MariadbConnection, number_of, quoted
from schoolkeeper.connectors.mariadb.snapshot import HISTORY_SINCE, View, survey
from schoolkeeper.connectors.postgres.cluster_files import LOOPBACK, write_whole
from schoolkeeper.kernel.errors import Permanent

SCRATCH = "scratch database"
APPLICATION = "schoolkeeper-copy"
SESSIONS = 2
TAIL_BYTES = 200
WHOLE = b"-- Dump completed"


def _nothing() -> None:
    return None


class MariaScratch:
    """The restored database on a server in `folder`, under its own name, which views and routines may mention.

    The server is of the source's release, else of a newer one. Raises Permanent when this machine has neither.
    """

    def __init__(self, folder: Path, source: DatabaseSource) -> None:
        self.source = source
        try:
            self.server = MariaServer(folder, binaries.find(binaries.release_of(source.server_version)))
        except ServerError as error:
            raise Permanent(str(error)) from error
        self.version = f"MariaDB {self.server.installed.version}"

    def start(self) -> None:
        try:
            self.server.start()
        except ServerError as error:
            raise Permanent(f"The scratch server did not start: {error}") from error

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restore(
        self, dump: Path, contents: DatabaseContents, dumped_by: str, loading: Callable[[], None] = _nothing
    ) -> list[Fault]:
        """A dump without its last line is refused: the part that is there would load without an error."""
        database = contents.source.database
        if not is_whole(dump):
            return [Fault(code="restore_failed", subject=database, found=f"the dump of {dumped_by} has no end")]
        self._give_at_start(contents)
        faults = self._other_release(contents.source)
        with self.server.connect() as connection:
            self._make_empty(connection, contents)
        loading()
        client = self._client()
        with dump.open("rb") as file:
            said = tools.load(self.server.address(database), client, file, contents.taken_at.timestamp())
        if said:
            return [*faults, Fault(code="restore_failed", subject=database, found=without_rows(said))]
        # Only now: the application's settings must not reach the restore.
        with self.server.connect(database) as connection:
            if accounts.are_known(contents.settings):
                accounts.confine(connection, contents.roles, database)
            faults += accounts.grant(connection, contents.settings)
            given, untaken = settling.settle(connection, contents.settings)
        self.server.configure(given)
        return faults + untaken

    def observe(self) -> DatabaseContents:
        """The settings are those of this server, which runs no events whatever the source does."""
        views = [View(SCRATCH, self.server.address(self.source.database)) for _ in range(SESSIONS)]
        try:
            view = views[0]
            names, grants = accounts.read(view)
            return DatabaseContents(
                source=view.source(),
                snapshot="",
                taken_at=view.now(),
                tables=survey(views, view.tables(history=self._has_history)),
                large_objects=NO_LARGE_OBJECTS,
                objects=view.objects(),
                sequences={
                    name: SequencePosition(earliest=position, latest=position)
                    for name, position in view.sequences().items()
                },
                roles=[name for name in names if not name.startswith(f"{APPLICATION}@")],
                settings=settling.read(view)
                + [one for one in grants if not one.role.startswith(f"{APPLICATION}@")],
            )
        finally:
            for opened in views:
                opened.close()

    @property
    def _has_history(self) -> bool:
        return binaries.release_of(self.source.server_version) >= HISTORY_SINCE

    def check(self) -> tuple[int, list[Fault]]:
        with self.server.connect(self.source.database) as connection:
            return check(connection)

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self._run(query)

    def execute(self, statement: str) -> None:
        self._run(statement)

    def address(self) -> str:
        """For an account that may do all in the copy, and nothing to the server: not even run its events."""
        password = (self.server.folder / "application").read_text()
        return self.server.address(self.source.database, APPLICATION, password).url()

    def _run(self, statement: str) -> list[dict[str, Any]]:
        try:
            with self.server.connect(self.source.database) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except pymysql.Error as error:
            raise QueryFailed(f"{type(error).__name__} {number_of(error)}") from error

    def _give_at_start(self, contents: DatabaseContents) -> None:
        options = settling.at_start(contents.settings)
        if any(self.server.options.get(name) != value for name, value in options.items()):
            self.server.stop()
            self.server.configure(options)
        self.start()

    def _other_release(self, source: DatabaseSource) -> list[Fault]:
        if self.server.installed.release == binaries.release_of(source.server_version):
            return []
        found = f"MariaDB {self.server.installed.version}"
        expected = f"MariaDB {source.server_version}"
        return [Fault(code="schema_differs", subject="release", expected=expected, found=found, level="warning")]

    def _make_empty(self, connection: MariadbConnection, contents: DatabaseContents) -> None:
        source, copy = contents.source, quoted(contents.source.database)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {copy}")
            cursor.execute(
                f"CREATE DATABASE {copy} CHARACTER SET %s COLLATE %s", (source.encoding, source.collate)
            )
            accounts.create_locked(connection, contents.roles)
            accounts.allow_all(connection, contents.roles, source.database)
            password = secrets.token_urlsafe(32)
            write_whole(self.server.folder / "application", password)
            account = f"{quoted(APPLICATION)}@{quoted(LOOPBACK)}"
            cursor.execute(f"CREATE OR REPLACE USER {account} IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT ALL ON {copy}.* TO {account}")

    def _client(self) -> Path:
        try:
            return binaries.client("mariadb", "mysql")
        except ServerError as error:
            raise Permanent(str(error)) from error


def is_whole(dump: Path) -> bool:
    """Whether the dump ends as mariadb-dump ends one that succeeded."""
    with dump.open("rb") as file:
        file.seek(max(0, dump.stat().st_size - TAIL_BYTES))
        return WHOLE in file.read()


def without_rows(said: str) -> str:
    """Number and place of the error only: its text may quote rows, and so people."""
    found = re.search(r"ERROR \d+ \(\w+\)(?: at line \d+)?", said)
    return found[0] if found else "the client ended with an error"
