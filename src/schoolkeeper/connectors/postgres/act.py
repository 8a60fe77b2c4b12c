"""Changing a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg import sql

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.session import connect, failure
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError


class PostgresAct:
    """Statements that change something; each stands in its own transaction unless `transaction` says otherwise."""

    def __init__(self, name: str, component: PostgresComponent) -> None:
        self.name = name
        self._component = component
        self._connection: psycopg.Connection[dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def execute(self, statement: sql.SQL | sql.Composed, *parameters: object) -> int:
        """Run one statement; the number of rows it touched. Names are quoted by composing with `psycopg.sql`."""
        try:
            return self._connected().execute(statement, parameters).rowcount
        except psycopg.Error as error:
            raise _failure(self.name, error) from error

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """A cursor in one transaction: all of it happens, or none."""
        connection = self._connected()
        try:
            with connection.transaction(), connection.cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            raise _failure(self.name, error) from error

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._connection is None:
            self._connection = connect(self.name, resolve(self._component.dsn, self.name), statement_timeout="0")
            self._connection.autocommit = True
        return self._connection


def _failure(component: str, error: psycopg.Error) -> SchoolkeeperError:
    """A refused statement will be refused again; only a lost connection or a lock is worth another try."""
    meaning = failure(component, error)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return meaning
    return Permanent(str(meaning))
