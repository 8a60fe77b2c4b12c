"""What an SQLite database holds."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from schoolkeeper.connectors.databases.contents import (
    DatabaseContents,
    DatabaseSource,
    Objects,
    SequencePosition,
    Setting,
    TableContent,
)
from schoolkeeper.connectors.sqlite.digest import content
from schoolkeeper.connectors.sqlite.session import open_to_read

NO_LARGE_OBJECTS = TableContent(rows=0, digest="0")
# Virtual tables keep their rows in shadow tables; SQLite's own are told of elsewhere.
TABLES = """
SELECT name FROM pragma_table_list
 WHERE schema = 'main' AND type IN ('table', 'shadow')
   AND name NOT IN ('sqlite_schema', 'sqlite_master', 'sqlite_sequence') ORDER BY name
"""
COLUMNS = "SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid"
OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
# Kept in the file itself.
PRAGMAS = ("application_id", "user_version", "page_size", "auto_vacuum")
# Where the file says how it is written; 2 is with a write-ahead log (source: "Database File Format", 1.3.3).
WRITE_VERSION_OFFSET = 18
WITH_LOG = 2


def source_of(path: Path, name: str) -> DatabaseSource:
    """Which database it is; `name` is that of the original's file. Raises sqlite3.Error."""
    with closing(open_to_read(path, never_changes=True)) as connection:
        encoding = str(connection.execute("PRAGMA encoding").fetchone()[0])
    return DatabaseSource(
        product="sqlite",
        system_identifier=None,
        database=name,
        server_version=sqlite3.sqlite_version,
        server_major=sqlite3.sqlite_version_info[0],
        encoding=encoding,
        collate="",
        ctype="",
    )


def read(connection: sqlite3.Connection, path: Path, source: DatabaseSource, moment: datetime) -> DatabaseContents:
    """Everything in the database that `connection` has open at `path`; raises sqlite3.Error and OSError."""
    return DatabaseContents(
        source=source,
        snapshot="copy",
        taken_at=moment,
        tables={name: content(connection, name, _columns(connection, name)) for name in tables(connection)},
        large_objects=NO_LARGE_OBJECTS,
        objects=objects(connection),
        sequences=_sequences(connection),
        roles=[],
        settings=settings(connection, path),
    )


def tables(connection: sqlite3.Connection) -> list[str]:
    return [str(name) for (name,) in connection.execute(TABLES)]


def objects(connection: sqlite3.Connection) -> Objects:
    """Every definition as it was written; that of an index which a constraint brings is empty."""
    found: Objects = {}
    for kind, name, table, definition in connection.execute(OBJECTS):
        found.setdefault(str(kind), {})[str(name)] = f"on {table}: {definition or ''}"
    return found


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """All but those that only virtual tables have; generated ones too."""
    rows = connection.execute(COLUMNS, (table,))
    return [str(name) for (name,) in rows]


def _sequences(connection: sqlite3.Connection) -> dict[str, SequencePosition]:
    """The last AUTOINCREMENT number of each table that has one."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
        return {}
    rows = connection.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name").fetchall()
    return {str(name): SequencePosition(earliest=last, latest=last) for name, last in rows}


def settings(connection: sqlite3.Connection, path: Path) -> list[Setting]:
    """What the file itself keeps."""
    values = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    with path.open("rb") as file:
        version = file.read(WRITE_VERSION_OFFSET + 1)[-1:]
    values["journal_mode"] = "wal" if version == bytes([WITH_LOG]) else "rollback"
    return [Setting(role="", name=name, value=str(value)) for name, value in values.items()]
