"""Opening an SQLite database, and what its errors mean to us."""

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from schoolkeeper.kernel.errors import ReadOnlyViolation, SchoolkeeperError, Temporary, Unreachable

LOCK_TIMEOUT_SECONDS = 2
# How many steps of SQLite's own machine pass between two looks at the clock.
STEPS = 10_000

# What a query may do; `PRAGMA` has rules of its own.
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_TELLING_PRAGMAS = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
    | {"integrity_check", "quick_check", "foreign_key_check", "database_list", "collation_list", "compile_options"}
)
_SILENT_PRAGMAS = frozenset(
    {"user_version", "application_id", "page_count", "page_size", "freelist_count", "encoding", "journal_mode"}
    | {"auto_vacuum", "data_version", "schema_version"}
)


def failure(component: str, error: sqlite3.Error) -> SchoolkeeperError:
    """What a database error means to us: could not look, try again, or a write through a Look."""
    says = str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Temporary(f"{component}: {says}")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH):
        return ReadOnlyViolation(f"{component}: {says}")
    return Unreachable(component, says)


def open_to_read(
    path: Path, *, never_changes: bool = False, patience_seconds: float = LOCK_TIMEOUT_SECONDS
) -> sqlite3.Connection:
    """A session that cannot write; raises sqlite3.Error. Text that is not UTF-8 is shown with replacement marks.

    With `never_changes` no lock is taken and no log beside the file is looked at.
    """
    address = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if never_changes else ''}"
    connection = _open(address, patience_seconds)
    connection.execute("PRAGMA query_only = ON")
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """A session on an existing file; raises sqlite3.Error."""
    connection = _open(f"file:{quote(str(path))}?mode=rw", LOCK_TIMEOUT_SECONDS)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open(address: str, patience_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, timeout=patience_seconds, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


def limit(connection: sqlite3.Connection, seconds: float) -> None:
    """Let no statement from now on go on beyond that time."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)


def forbid_all_but_queries(connection: sqlite3.Connection) -> None:
    """Have SQLite refuse whatever is no query while it is being compiled: ATTACH too, which would make a file."""

    def decide(action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_PRAGMA:
            silent = first in _SILENT_PRAGMAS and second is None
            return sqlite3.SQLITE_OK if silent or first in _TELLING_PRAGMAS else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY

    connection.set_authorizer(decide)


def dictionaries(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    """The rows of a query, as dictionaries by column name."""
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def quoted(name: str) -> str:
    """A name as an identifier in a statement."""
    return '"' + name.replace('"', '""') + '"'
