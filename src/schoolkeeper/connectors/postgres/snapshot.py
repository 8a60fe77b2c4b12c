"""A frozen view of a database: everything is read as of one moment, by as many connections as it takes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.databases.contents import DatabaseSource, Objects, Setting, TableContent
from schoolkeeper.connectors.postgres import digest
from schoolkeeper.connectors.postgres.session import connect, failure

Row = dict[str, Any]
# A dump takes as long as it takes; what would end our session early is switched off for it alone.
PATIENT: Mapping[str, str] = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "on",
}


@cache
def _text(name: str) -> str:
    return files("schoolkeeper.connectors.postgres").joinpath(name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows a dump carries; `full_name` is quoted where it must be, so that no two are the same."""

    schema: str
    name: str
    full_name: str
    columns: tuple[digest.Column, ...]


class Snapshot:
    """One read-only transaction; `id` lets pg_dump and further connections join it while it is open.

    Every method raises Unreachable (or Temporary, after a lock time-out) when the database does not answer.
    """

    def __init__(self, component: str, connection: psycopg.Connection[Row]) -> None:
        self.component = component
        self._connection = connection
        self.id = ""

    def rows(self, query: str | sql.SQL | sql.Composed) -> list[Row]:
        """The rows of one query of ours or of a profile."""
        try:
            return self._connection.execute(query.encode() if isinstance(query, str) else query).fetchall()
        except psycopg.Error as error:
            raise failure(self.component, error) from error

    def asked(self, query: str) -> list[Row]:
        """The rows of a query of a profile; our own settings for digests are set aside for it."""
        try:
            with self._connection.transaction() as asked:
                for name in digest.SESSION:
                    self._connection.execute(sql.SQL("SET LOCAL {} TO DEFAULT").format(sql.Identifier(name)))
                found = self._connection.execute(query.encode()).fetchall()
                raise psycopg.Rollback(asked)
        except psycopg.Error as error:
            raise failure(self.component, error) from error
        return found

    def cancel(self, timeout_seconds: float) -> None:
        """End the query that is being answered, from another thread. Raises psycopg.Error."""
        self._connection.cancel_safe(timeout=timeout_seconds)

    def export(self) -> None:
        """Give the snapshot an id."""
        self.id = str(self.rows("SELECT pg_export_snapshot() AS id")[0]["id"])

    def now(self) -> datetime:
        """When the snapshot was taken, by the server's clock."""
        at: datetime = self.rows("SELECT transaction_timestamp() AS at")[0]["at"]
        return at

    def source(self) -> DatabaseSource:
        return DatabaseSource(**self.rows(_text("source.sql"))[0])

    def tables(self) -> list[Table]:
        """The largest first, so that they can be shared out evenly."""
        return [
            Table(
                schema=row["schema"],
                name=row["table"],
                full_name=row["full_name"],
                columns=tuple(digest.Column(*column) for column in row["columns"]),
            )
            for row in self.rows(_text("tables.sql"))
        ]

    def content(self, table: Table) -> TableContent:
        """Row count and digest of one table."""
        return TableContent(**self.rows(digest.content_query(table.schema, table.name, table.columns))[0])

    def large_objects(self) -> TableContent:
        return TableContent(**self.rows(digest.LARGE_OBJECTS)[0])

    def objects(self) -> Objects:
        """Every object's definition by kind and name."""
        found: Objects = {}
        for row in self.rows(_text("inventory.sql")):
            found.setdefault(row["kind"], {})[row["name"]] = row["definition"]
        return found

    def sequences(self) -> dict[str, int | None]:
        """Where each sequence stands now: not as of the snapshot, because sequences stand outside of it."""
        return {row["name"]: row["last_value"] for row in self.rows(_text("sequences.sql"))}

    def settings(self) -> list[Setting]:
        """What a session in this database begins with; no dump of one database carries it."""
        return [Setting(**row) for row in self.rows(_text("settings.sql"))]

    def roles(self) -> list[str]:
        return [row["name"] for row in self.rows(_text("roles.sql"))]


@contextmanager
def snapshot(component: str, dsn: str, joins: str = "") -> Iterator[Snapshot]:
    """A frozen view, either a new one or, with `joins`, the one of that id."""
    with connect(component, dsn, **PATIENT) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        view = Snapshot(component, connection)
        try:
            if joins:
                connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(joins)))
            for name, value in digest.SESSION.items():
                connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        except psycopg.Error as error:
            raise failure(component, error) from error
        if joins:
            view.id = joins
        else:
            view.export()
        yield view
