"""Letting PostgreSQL look for damage itself, with its extension amcheck where that is installed."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.databases.fault import Fault

Connection = psycopg.Connection[Any]
Relation = tuple[str, str, int]
"""What it is (index or table), its name and its object id."""
Queries = Mapping[str, sql.Composed]
"""What asks a relation, by what it is."""

SCHEMA = "schoolkeeper_amcheck"
CONNECTIONS = 2
# The largest first, so that no connection is left alone with it at the end.
RELATIONS = """
SELECT CASE c.relkind WHEN 'i' THEN 'index' ELSE 'table' END AS kind,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.oid
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
  LEFT JOIN pg_am AS a ON a.oid = c.relam
 WHERE c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND (c.relkind = 'r' OR (c.relkind = 'm' AND c.relispopulated)
        OR (c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND i.indisready))
 ORDER BY c.relpages DESC, 2
"""
INDEX = "SELECT {}.bt_index_check(%s::oid::regclass, heapallindexed => {})"
TABLE = "SELECT count(*), min(blkno) FROM {}.verify_heapam(%s::oid::regclass)"


def check(
    connecting: Callable[[], AbstractContextManager[Connection]], *, old_indexes: bool
) -> tuple[int, list[Fault]]:
    """Every B-tree and table, over several connections; the extension lives in a schema of its own meanwhile.

    `old_indexes` says that they came with the server's files: then each is also asked for every row of its table.
    That takes eight times as long, and says nothing about indexes that were made of these rows a minute ago.

    Without amcheck nothing was looked at, which is a fault of level "info": the comparison has read every row
    anyway, only the indexes' inner order remains unseen.
    """
    with connecting() as connection:
        available = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
        if available is None:
            found = "the extension amcheck is not installed here"
            return 0, [Fault(code="unchecked", subject="indexes", found=found, level="info")]
        connection.execute("SET statement_timeout = 0")
        where = _extension(connection)
        try:
            relations = connection.execute(RELATIONS.encode()).fetchall()
            index = sql.SQL(INDEX).format(sql.Identifier(where), sql.Literal(old_indexes))
            return _look(
                connecting, relations, {"index": index, "table": sql.SQL(TABLE).format(sql.Identifier(where))}
            )
        finally:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())


def _extension(connection: Connection) -> str:
    """The schema in which the extension is: ours, unless a copy of a server's own files has it already."""
    connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}".encode())
    home = connection.execute(
        "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'amcheck'"
    ).fetchone()
    if home is not None:
        return str(home[0])
    connection.execute(f"CREATE EXTENSION amcheck SCHEMA {SCHEMA}".encode())
    return SCHEMA


def _look(
    connecting: Callable[[], AbstractContextManager[Connection]], relations: list[Relation], queries: Queries
) -> tuple[int, list[Fault]]:
    waiting = SimpleQueue[Relation]()
    for relation in relations:
        waiting.put(relation)

    def work(_: int) -> list[Fault]:
        with connecting() as connection:
            connection.execute("SET statement_timeout = 0")
            return list(_faults(connection, waiting, queries))

    with ThreadPoolExecutor(max_workers=CONNECTIONS) as pool:
        faults = [fault for found in pool.map(work, range(CONNECTIONS)) for fault in found]
    return len(relations), sorted(faults, key=lambda fault: fault.subject)


def _faults(connection: Connection, waiting: SimpleQueue[Relation], queries: Queries) -> Iterator[Fault]:
    """What is wrong with the relations that this connection takes, until none is left."""
    while True:
        try:
            kind, name, oid = waiting.get_nowait()
        except Empty:
            return
        try:
            row = connection.execute(queries[kind], (oid,)).fetchone()
        except psycopg.InternalError as error:  # index_corrupted, or a page that is not what its checksum says
            yield Fault(code="corrupt", subject=f"{kind} {name}", found=type(error).__name__)
            continue
        if kind == "table" and row and row[0]:
            found = f"{row[0]:,} broken places, the first in block {row[1]}"
            yield Fault(code="corrupt", subject=f"{kind} {name}", found=found)
