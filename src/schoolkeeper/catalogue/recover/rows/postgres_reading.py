"""Reading rows out of PostgreSQL as text, from the running database and from the restored copy alike."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from schoolkeeper.catalogue.recover.rows.facts import Row
from schoolkeeper.catalogue.recover.rows.sides import ConditionFailed, Values
from schoolkeeper.catalogue.recover.rows.structure import Column, Reference, Table, Unique
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.postgres.digest import SESSION
from schoolkeeper.connectors.postgres.look import PostgresLook

READER = "schoolkeeper_reader"
BATCH_ROWS = 2_000
CONDITION_TIMEOUT = "5min"
SELECT = "SELECT {columns} FROM {table}"
WANTED = "JOIN (SELECT DISTINCT * FROM unnest({given}) AS u({names})) AS wanted ON"
Ask = Callable[[str, Mapping[str, object]], list[dict[str, Any]]]


class PostgresSide:
    """Asks through `ask`, whose queries all see one moment. A % in a query is doubled."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SESSION.items())
        ask(f"SELECT {settings}", {})

    def table(self, name: str) -> Table | None:
        found = self._ask(_text("table.sql"), {"table": name})
        return _table(found[0]) if found else None

    def references(self) -> list[Reference]:
        return [
            Reference(
                row["name"], row["table"], tuple(row["columns"]), row["parent"], tuple(row["parent_columns"])
            )
            for row in self._ask(_text("references.sql"), {})
        ]

    def matching(
        self, table: Table, columns: Sequence[str], by: Sequence[str], values: Sequence[Values]
    ) -> list[Row]:
        names = [f"c{number}" for number in range(len(by))]
        given = ", ".join(f"%({name})s::text[]" for name in names)
        equal = " AND ".join(
            f"{_column(table, column)} = wanted.{name}::{table.columns[column].type}"
            for column, name in zip(by, names, strict=True)
        )
        query = f"{_escaped(_select(table, columns))} {WANTED.format(given=given, names=', '.join(names))} "
        query += _escaped(f"{equal} ORDER BY {_key(table)}")
        rows: list[Row] = []
        for start in range(0, len(values), BATCH_ROWS):
            batch = values[start : start + BATCH_ROWS]
            rows += self._ask(query, {name: [one[place] for one in batch] for place, name in enumerate(names)})
        return rows


class PostgresCopy(PostgresSide):
    """The restored copy, read by a role of its own that may read all rows and do nothing else."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection
        super().__init__(lambda query, values: connection.execute(query.encode(), values).fetchall())

    def chosen(self, table: Table, columns: Sequence[str], where: str) -> Iterator[list[Row]]:
        """The condition is read with the search path of the saved database, the values are written without one."""
        # On a line of its own, so that not even a comment, which no condition has, could hide what follows.
        query = f"{_select(table, columns)} WHERE ({where or 'true'}\n) ORDER BY {_key(table)}"
        try:
            with self._connection.transaction(), self._connection.cursor("chosen") as cursor:
                self._connection.execute("SET LOCAL search_path TO DEFAULT")
                cursor.execute(query.encode())
                self._connection.execute("SET LOCAL search_path TO pg_catalog")
                while batch := cursor.fetchmany(BATCH_ROWS):
                    yield batch
        except psycopg.Error as error:
            raise ConditionFailed(type(error).__name__) from error


def running(look: PostgresLook) -> PostgresSide:
    """The running database, through the one read-only transaction of a Look."""
    return PostgresSide(look.rows)


@contextmanager
def restored_copy(server: ScratchServer) -> Iterator[PostgresCopy]:
    """The copy on a scratch server that runs."""
    password = secrets.token_urlsafe(24)
    with psycopg.connect(server.address()) as connection:  # the server must not see the password as it is
        hashed = connection.pgconn.encrypt_password(password.encode(), READER.encode(), b"scram-sha-256").decode()
    server.execute(f"DROP ROLE IF EXISTS {READER}")
    server.execute(f"CREATE ROLE {READER} LOGIN BYPASSRLS PASSWORD '{hashed}' IN ROLE pg_read_all_data")
    address = make_conninfo(server.address(), user=READER, password=password)
    with psycopg.connect(address, row_factory=dict_row, client_encoding="UTF8") as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(f"SET LOCAL statement_timeout = '{CONDITION_TIMEOUT}'".encode())
        connection.execute("SET LOCAL standard_conforming_strings = on")
        yield PostgresCopy(connection)


def quoted(*names: str) -> str:
    """Names as SQL text, joined by dots."""
    return sql.Identifier(*names).as_string(None)


def source(in_schema: str, relation: str, *, partitioned: bool) -> str:
    """A table without those that inherit from it; a partitioned one has its rows in its parts."""
    return quoted(in_schema, relation) if partitioned else f"ONLY {quoted(in_schema, relation)}"


def _select(table: Table, columns: Sequence[str]) -> str:
    texts = ", ".join(f"{_column(table, column)}::text AS {quoted(column)}" for column in columns)
    place = source(table.in_schema, table.relation, partitioned=table.partitioned)
    return SELECT.format(columns=texts, table=place)


def _column(table: Table, column: str) -> str:
    return quoted(table.relation, column)


def _key(table: Table) -> str:
    return ", ".join(_column(table, column) for column in table.key)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _table(row: Mapping[str, Any]) -> Table:
    return Table(
        name=row["name"],
        in_schema=row["in_schema"],
        relation=row["relation"],
        partitioned=row["kind"] == "p",
        columns={column["name"]: Column(**column) for column in row["columns"]},
        uniques=tuple(
            Unique(name=one["name"], is_key=one["is_key"], columns=tuple(one["columns"]))
            for one in row["unique_indexes"]
        ),
        triggers=tuple(row["triggers"]),
        obstacles=tuple(_obstacles(row)),
    )


def _obstacles(row: Mapping[str, Any]) -> Iterator[str]:
    if row["kind"] not in ("r", "p"):
        yield "it is no table with rows of its own"
    elif row["is_part"]:
        yield "it is a part of a partitioned table: choose that one"
    if row["rules"]:
        yield f"it has rules that put something else in the place of a change ({', '.join(row['rules'])})"
    if row["rights_missing"]:
        yield f"the role may not {', '.join(row['rights_missing'])}"
