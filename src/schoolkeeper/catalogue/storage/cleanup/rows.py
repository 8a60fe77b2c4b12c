"""Rows taken away into files, and back.

A batch is written, synced and named before its transaction commits. So whenever the process dies, a row is in the
table, in a file, or in both; and putting back what is there already changes nothing, by its primary key.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.postgres.act import PostgresAct
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.failpoints import failpoint

Cursor = psycopg.Cursor[dict[str, Any]]
_COLUMNS = """SELECT attname FROM pg_attribute
  WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"""
# Rows are named by (tableoid, ctid) because partitions number their rows each for itself.
_TAKE = """COPY (
  DELETE FROM {table} WHERE (tableoid, ctid) IN
    (SELECT tableoid, ctid FROM {table} WHERE ({where}
    ) LIMIT {limit} FOR UPDATE)
  RETURNING {columns}) TO STDOUT (FORMAT csv, HEADER, ENCODING {encoding})"""
# Where the database does not know its encoding, bytes are taken and given back as they are.
_ENCODING = """SELECT CASE current_setting('server_encoding')
  WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END AS encoding"""


def identifier(table: str) -> sql.Identifier:
    """The name of a table that is written as `schema.table`; only the first dot separates."""
    schema, _, name = table.partition(".")
    return sql.Identifier(schema, name)


def quoted(table: str) -> str:
    """The same as SQL text."""
    return identifier(table).as_string(None)


def obstacles(database: PostgresLook, table: str) -> list[str]:
    """Why rows of this table cannot be put back as they were; empty when they can. Raises Unreachable."""
    found = database.rows(_obstacles_query(), {"table": quoted(table)})
    if not found:
        raise Unreachable(database.name, f"there is no table {table}")
    return list(found[0]["obstacles"])


def _obstacles_query() -> str:
    return files(__package__).joinpath("table.sql").read_text()


def expired(database: PostgresLook, table: str, where: str, now: datetime) -> int:
    """How many rows the rule calls expired at `now`."""
    query = f"SELECT count(*) AS count FROM {_escaped(quoted(table))} WHERE ({where}\n)"  # noqa: S608 - a profile's
    return int(database.row(query, {"now": now})["count"])


def set_aside(database: PostgresAct, folder: Path, table: str, where: str, now: datetime, batch_rows: int) -> int:
    """Move expired rows into new files in `folder`, a batch in each transaction; how many."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sync(folder.parent)
    taken = 0
    while batch := _take(database, _next(folder), table, where, now, batch_rows):
        taken += batch
        failpoint("storage.cleanup.rows_deleted")
    return taken


def put_back(database: PostgresAct, folder: Path, table: str) -> int:
    """Move rows from the files in `folder` back, the last batch first; how many were not in the table."""
    returned = 0
    for path in sorted(folder.glob("*.csv"), reverse=True):
        returned += _return(database, path, table)
        failpoint("storage.cleanup.rows_returned")
        path.rename(path.with_suffix(".returned"))
    return returned


def _next(folder: Path) -> Path:
    numbers = [int(path.stem) for path in folder.iterdir() if path.stem.isdigit() and path.suffix != ".partial"]
    return folder / f"{max(numbers, default=0) + 1:06}.csv"


def _take(database: PostgresAct, path: Path, table: str, where: str, now: datetime, batch_rows: int) -> int:
    partial = path.with_suffix(".partial")
    try:
        with database.transaction() as cursor:
            _require_no_obstacles(cursor, table)
            columns = [str(row["attname"]) for row in cursor.execute(_COLUMNS, [quoted(table)])]
            statement = _TAKE.format(
                table=_escaped(quoted(table)),
                where=where,
                limit=batch_rows,
                columns=_escaped(_listed(columns)),
                encoding=_quoted_encoding(cursor),
            )
            # Rows of a sessions table open accounts: nobody but us may read them.
            partial.touch(0o600)
            with partial.open("wb") as file, cursor.copy(statement.encode(), {"now": now}) as copy:
                for data in copy:
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            taken = cursor.rowcount
            if taken:
                partial.replace(path)
                _sync(path.parent)
            failpoint("storage.cleanup.rows_copied")
    except OSError as error:
        raise Permanent(f"the quarantine {path.parent} cannot be written: {error.strerror}") from error
    partial.unlink(missing_ok=True)
    return taken


def _require_no_obstacles(cursor: Cursor, table: str) -> None:
    """Ask again, now that it counts. The lock, which the deletion needs anyway, keeps triggers, rules and foreign
    keys from being added until the transaction ends."""
    cursor.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(identifier(table)))
    row = cursor.execute(_obstacles_query().encode(), {"table": quoted(table)}).fetchone()
    if row and row["obstacles"]:
        raise Permanent(f"rows of {table} stay, as they could not be put back: {'; '.join(row['obstacles'])}")


def _quoted_encoding(cursor: Cursor) -> str:
    row = cursor.execute(_ENCODING).fetchone()
    assert row is not None
    return f"'{row['encoding']}'"


def _return(database: PostgresAct, path: Path, table: str) -> int:
    with path.open(newline="", encoding="utf-8", errors="replace") as text:
        columns = next(csv.reader(text))
    parts: Mapping[str, sql.Composable] = {
        "table": identifier(table),
        "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
    }
    create = "CREATE TEMP TABLE schoolkeeper_returned ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
    insert = """INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
      SELECT {columns} FROM pg_temp.schoolkeeper_returned ON CONFLICT DO NOTHING"""
    with database.transaction() as cursor:
        cursor.execute(sql.SQL(create).format(**parts))
        back = _BACK.format(encoding=_quoted_encoding(cursor))
        with path.open("rb") as file, cursor.copy(back.encode()) as copy:
            while data := file.read(1024 * 1024):
                copy.write(data)
        return cursor.execute(sql.SQL(insert).format(**parts)).rowcount


_BACK = "COPY pg_temp.schoolkeeper_returned FROM STDIN (FORMAT csv, HEADER, ENCODING {encoding})"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(sql.Identifier(column).as_string(None) for column in columns)


def _escaped(identifier: str) -> str:
    """For a statement with parameters, in which a percent sign means one."""
    return identifier.replace("%", "%%")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
