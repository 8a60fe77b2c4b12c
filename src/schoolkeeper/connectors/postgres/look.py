"""Looking at a PostgreSQL database: one read-only transaction with time limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import psycopg

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.saving import PostgresSaving, saving
from schoolkeeper.connectors.postgres.session import connect, failure
from schoolkeeper.connectors.postgres.standing import standing
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import ReadOnlyViolation

_READS = re.compile(r"\s*(?:--[^\n]*\n\s*)*(select|with|show|values|table|explain)\b", re.IGNORECASE)
SIZE = "SELECT pg_database_size(current_database()) AS size_bytes"

Parameters = Sequence[object] | Mapping[str, object]


class PostgresLook:
    """Answers queries inside one READ ONLY, REPEATABLE READ transaction; there is nothing here to write with.

    Three locks hold the door: there is no method that writes; only statements that begin like a query are
    sent, one at a time (the extended protocol refuses a second one hidden behind a semicolon); and PostgreSQL
    itself refuses writes in the transaction.
    """

    def __init__(self, name: str, component: PostgresComponent) -> None:
        self.name = name
        self._component = component
        self._connection: psycopg.Connection[dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The rows of one query, as dictionaries by column name; a literal % is written %%.

        A query that fails leaves the Look usable: it is rolled back to a savepoint of its own.
        """
        if not _READS.match(query):
            raise ReadOnlyViolation(f"{self.name}: a Look sends queries only, not {query.split()[0]!r}")
        try:
            connection = self._connected()
            with connection.transaction():
                # `prepare` forces the extended protocol, which carries one statement at a time.
                return connection.execute(query.encode(), parameters, prepare=True).fetchall()
        except psycopg.Error as error:
            raise failure(self.name, error) from error

    def row(self, query: str, parameters: Parameters = ()) -> dict[str, Any]:
        """The only row of a query that always has one."""
        return self.rows(query, parameters)[0]

    def dsn(self) -> str:
        """The connection address with its password, for tools that look on their own (pg_dump)."""
        return resolve(self._component.dsn, self.name)

    def size_bytes(self) -> int:
        """How much disk the database takes."""
        return int(self.row(SIZE)["size_bytes"])

    @contextmanager
    def saving(self) -> Iterator[PostgresSaving]:
        """Hold the database still, without locking anybody out, for as long as the block lasts."""
        with saving(self.name, self.dsn()) as held:
            yield held

    @contextmanager
    def standing(self, name: str) -> Iterator[tuple[PostgresSaving, str]]:
        """The same, with a restore point of that name at the same moment; see `standing`."""
        with standing(self.name, self.dsn(), name) as held:
            yield held

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._connection is None:
            self._connection = connect(
                self.name,
                self.dsn(),
                idle_in_transaction_session_timeout="10min",
                default_transaction_read_only="on",
            )
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.execute("SELECT 1")  # opens the transaction that all queries share
        return self._connection
