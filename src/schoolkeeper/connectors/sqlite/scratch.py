"""A restored SQLite database: a file in a folder of its own, without a server."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.sqlite import reading
from schoolkeeper.connectors.sqlite.session import dictionaries, open_to_read, open_to_write
from schoolkeeper.kernel.errors import Permanent

FILE = "database.sqlite"
CHECKED = ("table", "index")
COMPLAINTS = 100
SHOWN = 3
PAGES_HELD = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def _nothing() -> None:
    return None


class SqliteScratch:
    """The restored file in `folder`; starting and stopping have nothing to do."""

    def __init__(self, folder: Path, source: DatabaseSource) -> None:
        self.folder = folder.resolve()
        self.source = source
        self.version = f"SQLite {sqlite3.sqlite_version}"

    @property
    def path(self) -> Path:
        return self.folder / FILE

    def start(self) -> None:
        """Make the folder, for us alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def stop(self) -> None:
        return None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restore(
        self, dump: Path, contents: DatabaseContents, dumped_by: str, loading: Callable[[], None] = _nothing
    ) -> list[Fault]:
        """The dump is the file; one that is no database, or is not all of one, is no copy."""
        self.start()
        for beside in ("-wal", "-shm", "-journal"):
            self.path.with_name(FILE + beside).unlink(missing_ok=True)
        loading()
        arriving = self.folder / "arriving"
        shutil.copyfile(dump, arriving)
        arriving.chmod(0o600)
        arriving.replace(self.path)
        try:
            with closing(open_to_read(self.path)) as connection:
                held = int(connection.execute(PAGES_HELD).fetchone()[0])
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.Error as error:
            return [self._no_copy(f"the dump of {dumped_by} cannot be opened ({error})")]
        if held != dump.stat().st_size:
            return [self._no_copy(f"the dump of {dumped_by} has {dump.stat().st_size:,} of {held:,} bytes")]
        return []

    def observe(self) -> DatabaseContents:
        try:
            with closing(open_to_read(self.path)) as connection:
                source = reading.source_of(self.path, self.source.database)
                source = source.model_copy(update={"system_identifier": self.source.system_identifier})
                return reading.read(connection, self.path, source, datetime.now(UTC))
        except (sqlite3.Error, OSError) as error:
            raise Permanent(f"The restored database cannot be read: {error}") from error

    def check(self) -> tuple[int, list[Fault]]:
        """SQLite's own check of every table and index, and of the foreign keys, which it does not enforce itself
        unless the application asks for it: rows without their parent are a warning."""
        try:
            with closing(open_to_read(self.path)) as connection:
                looked = sum(len(named) for kind, named in reading.objects(connection).items() if kind in CHECKED)
                said = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({COMPLAINTS})")]
                orphans = [str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")]
        except sqlite3.Error as error:
            return 0, [Fault(code="corrupt", subject=self.source.database, found=str(error))]
        faults = []
        if said != ["ok"]:
            found = f"{len(said)} complaints, such as: {'; '.join(said[:SHOWN])}"
            faults.append(Fault(code="corrupt", subject=self.source.database, found=found))
        for table in sorted(set(orphans)):
            found = f"{orphans.count(table):,} rows point to rows that are not there"
            faults.append(
                Fault(code="integrity", subject=f"foreign keys of {table}", found=found, level="warning")
            )
        return looked, faults

    def rows(self, query: str) -> list[dict[str, Any]]:
        try:
            with closing(open_to_read(self.path)) as connection:
                return dictionaries(connection.execute(query))
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _failed(error) from error

    def execute(self, statement: str) -> None:
        try:
            with closing(open_to_write(self.path)) as connection:
                connection.execute(statement)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _failed(error) from error

    def address(self) -> str:
        return f"sqlite:///{quote(str(self.path))}"

    def _no_copy(self, found: str) -> Fault:
        return Fault(code="restore_failed", subject=self.source.database, found=found)


def _failed(error: Exception) -> QueryFailed:
    return QueryFailed(getattr(error, "sqlite_errorname", type(error).__name__))
