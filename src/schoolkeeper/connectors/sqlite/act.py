"""Changing an SQLite database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.session import failure, open_to_write
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary


class SqliteAct:
    """Statements that change something; each stands in its own transaction unless `transaction` says otherwise.

    Foreign keys are enforced.
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

    def execute(self, statement: str, *parameters: object) -> int:
        """Run one statement with values for its ?; the number of rows it touched. Names go through `quoted`."""
        try:
            return self._connected().execute(statement, parameters).rowcount
        except sqlite3.Error as error:
            raise self._failure(error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """A cursor in one transaction: all of it happens, or none."""
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._failure(error) from error
        try:
            yield connection.cursor()
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_write(self._component.path)
        return self._connection

    def _failure(self, error: sqlite3.Error) -> SchoolkeeperError:
        """A refused statement will be refused again; only a lock, or a file that is not there, is worth a try."""
        meaning = failure(self.name, error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        keeps = isinstance(meaning, Temporary) or code == sqlite3.SQLITE_CANTOPEN
        return meaning if keeps else Permanent(str(meaning))
