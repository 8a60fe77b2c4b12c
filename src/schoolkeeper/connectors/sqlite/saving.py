"""Taking a copy of an SQLite database as of one moment: what is dumped and what is counted is that copy."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import IO, Any

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.sqlite import reading
from schoolkeeper.connectors.sqlite.identity import identity_of
from schoolkeeper.connectors.sqlite.session import dictionaries, failure, open_to_read
from schoolkeeper.kernel.errors import Temporary, Unreachable

# About 8 MB, after which writers of a database without a write-ahead log get their turn.
PAGES = 2048
PAUSE_SECONDS = 0.01
RESTARTS = 3
PATIENCE_SECONDS = 60.0


class SqliteSaving:
    """A private copy of the database's file. `taken_at` is when the copy was complete."""

    def __init__(
        self, component: str, copy: Path, source: DatabaseSource, taken_at: datetime, reader: ThreadPoolExecutor
    ) -> None:
        self.taken_at = taken_at
        self.source = source
        self.tool = f"sqlite {sqlite3.sqlite_version}"
        self._component = component
        self._copy = copy
        self._contents: Future[DatabaseContents] = reader.submit(self._read)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, from the private copy."""
        try:
            with closing(open_to_read(self._copy, never_changes=True)) as connection:
                return dictionaries(connection.execute(query))
        except sqlite3.Error as error:
            raise failure(self._component, error) from error

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """The file itself: every SQLite opens it."""
        with self._copy.open("rb") as file:
            yield file

    def contents(self) -> DatabaseContents:
        return self._contents.result()

    def _read(self) -> DatabaseContents:
        try:
            with closing(open_to_read(self._copy, never_changes=True)) as connection:
                return reading.read(connection, self._copy, self.source, self.taken_at)
        except sqlite3.Error as error:
            raise failure(self._component, error) from error


@contextmanager
def saving(component: str, path: Path) -> Iterator[SqliteSaving]:
    """Copy the database into a private folder that is removed in the end, and begin to count.

    Raises Temporary when somebody keeps the database locked for a minute.
    """
    with tempfile.TemporaryDirectory(prefix="schoolkeeper-sqlite-") as folder:  # 0700
        copy = Path(folder, "copy.sqlite")
        try:
            with closing(_source(path)) as connection, closing(sqlite3.connect(copy)) as target:
                _copy(component, connection, target)
            taken_at = datetime.now(UTC)
            source = reading.source_of(copy, path.name).model_copy(update={"system_identifier": identity_of(path)})
        except sqlite3.Error as error:
            raise failure(component, error) from error
        except OSError as error:
            raise Unreachable(component, f"{path}: {error.strerror}") from error
        with ThreadPoolExecutor(max_workers=1) as reader:
            yield SqliteSaving(component, copy, source, taken_at, reader)


def _source(path: Path) -> sqlite3.Connection:
    """Patient, because a busy writer without a write-ahead log leaves readers only the gaps between its writes."""
    return open_to_read(path, patience_seconds=PATIENCE_SECONDS)


class _Restless(Exception):
    """The database is written to so often that a copy in steps does not get done."""


class _Watch:
    """Looks on while a copy is made: `component` is named when it takes too long."""

    def __init__(self, component: str, restarts: float) -> None:
        self._component = component
        self._restarts_left = restarts
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        self._remaining: int | None = None

    def __call__(self, status: int, remaining: int, _total: int) -> None:
        """After each step; raises _Restless after too many beginnings, Temporary after a minute of locks."""
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            if time.monotonic() > self._deadline:
                raise Temporary(f"{self._component}: the database is locked by somebody else")
            return
        if self._remaining is not None and remaining >= self._remaining:
            self._restarts_left -= 1
            if self._restarts_left < 0:
                raise _Restless
        self._remaining = remaining


def _copy(component: str, connection: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """One moment of the database, by SQLite's own backup.

    With a write-ahead log readers are in nobody's way, so it is copied at once. Otherwise it goes in steps,
    between which others may write; each write of theirs begins it anew, so after a few it is done at once too.
    """
    if str(connection.execute("PRAGMA journal_mode").fetchone()[0]) != "wal":
        with suppress(_Restless):
            connection.backup(target, pages=PAGES, progress=_Watch(component, RESTARTS), sleep=PAUSE_SECONDS)
            return
    connection.backup(target, pages=-1, progress=_Watch(component, inf), sleep=PAUSE_SECONDS)
