"""Letting PostgreSQL look for damage itself, with its extension amcheck where that is installed."""

from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.databases.fault import Fault

SCHEMA = "schoolkeeper_amcheck"
# `heapallindexed` also finds rows that an index has lost.
BTREES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.oid
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_am AS a ON a.oid = c.relam
 WHERE a.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relpersistence = 'p'
 ORDER BY 1
"""
HEAPS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.oid
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND c.relispopulated
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY 1
"""


def check(connection: psycopg.Connection[Any]) -> tuple[int, list[Fault]]:
    """Every B-tree and, from PostgreSQL 14 on, every table; the extension lives in a schema of its own meanwhile.

    Without amcheck nothing was looked at, which is a fault of level "info": the comparison has read every row
    anyway, only the indexes' inner order remains unseen.
    """
    available = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone()
    if available is None:
        found = "the extension amcheck is not installed here"
        return 0, [Fault(code="unchecked", subject="indexes", found=found, level="info")]
    connection.execute("SET statement_timeout = 0")
    # A copy of a server's own files may have the extension already.
    connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}".encode())
    home = connection.execute(
        "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'amcheck'"
    ).fetchone()
    if home is None:
        connection.execute(f"CREATE EXTENSION amcheck SCHEMA {SCHEMA}".encode())
    where = home[0] if home else SCHEMA
    try:
        return _look(connection, where)
    finally:
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())


def _look(connection: psycopg.Connection[Any], schema: str) -> tuple[int, list[Fault]]:
    faults, looked = [], 0
    for name, oid in connection.execute(BTREES.encode()).fetchall():
        looked += 1
        try:
            query = sql.SQL("SELECT {}.bt_index_check(%s::oid::regclass, true)").format(sql.Identifier(schema))
            connection.execute(query, (oid,))
        except psycopg.InternalError as error:  # index_corrupted and data_corrupted are of this class
            faults.append(Fault(code="corrupt", subject=f"index {name}", found=type(error).__name__))
    for name, oid in connection.execute(HEAPS.encode()).fetchall():
        looked += 1
        looking = sql.SQL("SELECT count(*), min(blkno) FROM {}.verify_heapam(%s::oid::regclass)")
        try:
            wrong, block = connection.execute(looking.format(sql.Identifier(schema)), (oid,)).fetchone() or (
                0,
                None,
            )
        except psycopg.InternalError as error:  # such as a page that is not what its checksum says
            faults.append(Fault(code="corrupt", subject=f"table {name}", found=type(error).__name__))
            continue
        if wrong:
            found = f"{wrong:,} broken places, the first in block {block}"
            faults.append(Fault(code="corrupt", subject=f"table {name}", found=found))
    return looked, faults
