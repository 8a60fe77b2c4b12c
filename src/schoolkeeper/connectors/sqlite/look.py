"""Looking at an SQLite database."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.saving import SqliteSaving, saving
from schoolkeeper.connectors.sqlite.session import (
    dictionaries,
    failure,
    forbid_all_but_queries,
    limit,
    open_to_read,
)
from schoolkeeper.kernel.errors import ReadOnlyViolation, Unreachable

STATEMENT_TIMEOUT_SECONDS = 30

Parameters = Sequence[object] | Mapping[str, object]


class SqliteLook:
    """Answers queries; there is nothing here to write with.

    Three locks hold the door: there is no method that writes; SQLite refuses to compile anything but a query; and
    the file is open for reading only. Each query is a moment of its own, because a transaction that stays open
    would keep writers out of a database without a write-ahead log.
    """

    def __init__(self, name: str, component: SqliteComponent) -> None:
        self.name = name
        self._component = component
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The rows of one query, as dictionaries by column name."""
        try:
            connection = self._connected()
            limit(connection, STATEMENT_TIMEOUT_SECONDS)
            return dictionaries(connection.execute(query, parameters))
        except (sqlite3.Warning, sqlite3.ProgrammingError) as error:  # a second statement behind a semicolon
            raise ReadOnlyViolation(f"{self.name}: {error}") from error
        except sqlite3.Error as error:
            if "not authorized" in str(error) or "prohibited" in str(error):
                raise ReadOnlyViolation(f"{self.name}: a Look sends queries only ({error})") from error
            raise failure(self.name, error) from error

    def row(self, query: str, parameters: Parameters = ()) -> dict[str, Any]:
        """The only row of a query that always has one."""
        return self.rows(query, parameters)[0]

    def size_bytes(self) -> int:
        """How much disk the database takes, its write-ahead log included."""
        path = self._component.path
        try:
            log = path.with_name(path.name + "-wal")
            return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
        except OSError as error:
            raise Unreachable(self.name, f"{path}: {error.strerror}") from error

    @contextmanager
    def saving(self) -> Iterator[SqliteSaving]:
        """Take a copy of one moment, without locking anybody out, that is there for as long as the block lasts."""
        with saving(self.name, self._component.path) as held:
            yield held

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = open_to_read(self._component.path)
            forbid_all_but_queries(connection)
            self._connection = connection
        return self._connection
