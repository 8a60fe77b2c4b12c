"""Asking and changing the restored copy by its address, whichever product it is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from psycopg.rows import dict_row
from pymysql.cursors import DictCursor

from schoolkeeper.connectors.databases.protocol import QueryFailed

PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mariadb": 3306}
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Copy:
    """A restored database. A literal % in its queries and statements is written %%, as everywhere in a profile."""

    url: str

    @property
    def places(self) -> dict[str, str]:
        """The address and its parts, as profiles name them."""
        parts = urlsplit(self.url)
        return {
            "database": self.url,
            "database_host": parts.hostname or "",
            "database_port": str(self.port or ""),
            "database_name": unquote(parts.path.removeprefix("/")),
            "database_user": unquote(parts.username or ""),
            "database_password": unquote(parts.password or ""),
        }

    @property
    def port(self) -> int | None:
        """The port where its server listens; None for a database that is a file."""
        parts = urlsplit(self.url)
        return parts.port or (PORTS.get(parts.scheme) if parts.hostname else None)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query. Raises QueryFailed."""
        with self._cursor() as cursor:
            cursor.execute(query, ())
            return [dict(row) for row in cursor.fetchall()]

    def run(self, statements: Sequence[str]) -> None:
        """Carry out statements, all or none of them. Raises QueryFailed."""
        if statements:
            with self._cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, ())

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            with self._postgres() if self.url.startswith("postgres") else self._mysql() as cursor:
                yield cursor
        except (psycopg.Error, pymysql.MySQLError) as error:
            raise QueryFailed(type(error).__name__) from error

    @contextmanager
    def _postgres(self) -> Iterator[Any]:
        with (
            psycopg.connect(self.url, row_factory=dict_row, connect_timeout=CONNECT_SECONDS) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET LOCAL statement_timeout = 0")  # the copy has the settings of the saved database
            yield cursor

    @contextmanager
    def _mysql(self) -> Iterator[Any]:
        places = self.places
        connection = pymysql.connect(
            host=places["database_host"],
            port=self.port or 0,
            user=places["database_user"],
            password=places["database_password"],
            database=places["database_name"],
            charset="utf8mb4",
            cursorclass=DictCursor,
            connect_timeout=CONNECT_SECONDS,
        )
        with connection, connection.cursor() as cursor:
            yield cursor
            connection.commit()
