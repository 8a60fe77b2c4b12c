"""Changing a MariaDB or MySQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pymysql
from pymysql.cursors import DictCursor

from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.session import LIMITS, MariadbConnection, connect, failure, is_lost
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary


class MariadbAct:
    """Statements that change something; each stands in its own transaction unless `transaction` says otherwise."""

    def __init__(self, name: str, component: MariadbComponent) -> None:
        self.name = name
        self._component = component
        self._connection: MariadbConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def execute(self, statement: str, *parameters: object) -> int:
        """Run one statement with values for its %s; the number of rows it touched. Names go through `quoted`."""
        try:
            with self._connected().cursor() as cursor:
                return cursor.execute(statement, parameters)
        except pymysql.Error as error:
            raise self._failure(error) from error

    @contextmanager
    def transaction(self) -> Iterator[DictCursor]:
        """A cursor in one transaction: all of it happens, or none.

        That holds for transactional tables only, and a statement that changes a definition ends the transaction.
        """
        connection = self._connected()
        try:
            connection.begin()
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except pymysql.Error as error:
            raise self._failure(error) from error
        finally:
            if connection.open:
                connection.rollback()  # does nothing after the commit

    def _connected(self) -> MariadbConnection:
        if self._connection is None:
            dsn = resolve(self._component.dsn, self.name)
            self._connection = connect(self.name, dsn, LIMITS, patient=True)
        return self._connection

    def _failure(self, error: pymysql.Error) -> SchoolkeeperError:
        """A refused statement will be refused again; only a lost connection or a lock is worth another try."""
        meaning = failure(self.name, error)
        if is_lost(error):
            self.__exit__()
            return meaning
        return meaning if isinstance(meaning, Temporary) else Permanent(str(meaning))
