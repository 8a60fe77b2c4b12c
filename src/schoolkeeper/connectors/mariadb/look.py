"""Looking at a MariaDB or MySQL database: one read-only transaction with time limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import pymysql

from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.saving import MariadbSaving, saving
from schoolkeeper.connectors.mariadb.session import (
    STATEMENT_TIMEOUT_SECONDS,
    MariadbConnection,
    connect,
    failure,
    is_lost,
)
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import ReadOnlyViolation

Parameters = Sequence[object] | Mapping[str, object]

SIZE = """
SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) AS size_bytes
  FROM information_schema.tables WHERE table_schema = DATABASE()
"""
_READS = re.compile(
    r"\s*(?:(?:--|#)[^\n]*\n\s*)*(select|with|show|values|table|explain|desc|describe)\b", re.IGNORECASE
)
# The server lets a read-only transaction write files of its own, take locks that others wait for, and change
# itself by a comment that is none.
_REFUSED = re.compile(r"outfile|dumpfile|get_lock|for\s+update|lock\s+in\s+share|/\*M?!", re.IGNORECASE)


class MariadbLook:
    """Answers queries inside one READ ONLY, REPEATABLE READ transaction; there is nothing here to write with.

    Three locks hold the door: there is no method that writes; only statements that begin like a query are sent,
    one at a time (the driver does not ask the server for more); and the server itself refuses writes in the
    transaction.
    """

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

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The rows of one query, as dictionaries by column name; a literal % is written %%.

        A query that fails leaves the Look usable.
        """
        if not _READS.match(query) or _REFUSED.search(query):
            raise ReadOnlyViolation(f"{self.name}: a Look sends queries only, not {query.split()[:1]}")
        try:
            with self._connected().cursor() as cursor:
                cursor.execute(query, parameters)
                return list(cursor.fetchall())
        except pymysql.Error as error:
            if is_lost(error):
                self.__exit__()
            raise failure(self.name, error) from error

    def row(self, query: str, parameters: Parameters = ()) -> dict[str, Any]:
        """The only row of a query that always has one."""
        return self.rows(query, parameters)[0]

    def dsn(self) -> str:
        """The connection address with its password, for tools that look on their own (mariadb-dump)."""
        return resolve(self._component.dsn, self.name)

    def size_bytes(self) -> int:
        """How much disk the database takes, as the server estimates it."""
        return int(self.row(SIZE)["size_bytes"])

    @contextmanager
    def saving(self) -> Iterator[MariadbSaving]:
        """Hold the database still, without locking anybody out, for as long as the block lasts."""
        with saving(self.name, self.dsn()) as held:
            yield held

    def _connected(self) -> MariadbConnection:
        if self._connection is None:
            connection = connect(self.name, self.dsn())
            with connection.cursor() as cursor:
                cursor.execute("SELECT VERSION() AS version")
                version = str((cursor.fetchone() or {})["version"])
                if "mariadb" in version.lower():
                    cursor.execute(f"SET SESSION max_statement_time = {STATEMENT_TIMEOUT_SECONDS}")
                else:
                    cursor.execute(f"SET SESSION max_execution_time = {STATEMENT_TIMEOUT_SECONDS * 1000}")
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            self._connection = connection
        return self._connection
