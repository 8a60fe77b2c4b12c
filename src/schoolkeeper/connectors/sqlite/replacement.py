"""Replacing an SQLite database: the restored file beside the old one, then one renaming.

A file is told from every other one by its inode, which a renaming does not change. It is closed by taking away all
rights to it: that keeps out every account but root. At no moment is there no file under the name, because SQLite
would make a new one.
"""

import os
import re
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.databases.replacement import Aside, Pair, Restored, Target, Why
from schoolkeeper.connectors.files.swapping import TAG
from schoolkeeper.connectors.sqlite import reading
from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.holders import beside, holders
from schoolkeeper.connectors.sqlite.scratch import PAGES_HELD
from schoolkeeper.connectors.sqlite.session import dictionaries, open_to_read, open_to_write
from schoolkeeper.connectors.sqlite.target import SqliteTarget, look_at_file
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.failpoints import failpoint

CLOSED, OURS = 0o000, 0o600
WHY: dict[str, Why] = {"before": "replaced", "restored": "abandoned", "undone": "undone"}


class SqliteReplacement:
    """See `databases.replacement.Replacement`."""

    complete_beside = True

    def __init__(self, component: SqliteComponent, tag: str) -> None:
        self.path = component.path
        self.database = component.path.name
        self.restored = self._named("restored", tag)
        self.kept = self._named("before", tag)
        self.before = str(self.kept)
        self._tag = tag

    def _named(self, word: str, tag: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{word}-{tag}")

    def look(self, contents: DatabaseContents) -> Target:
        return look_at_file(self.path)

    # The restored one

    def restore(
        self, dump: AbstractContextManager[Path], contents: DatabaseContents, dumped_by: str, target: Target
    ) -> Restored:
        """The dump is the file itself; one that is not all of a database is refused."""
        assert isinstance(target, SqliteTarget)
        _remove(self.restored)
        failpoint("recover.system.database_made")
        with dump as path, _made(self.restored) as file:
            failpoint("recover.system.dump_fetched")
            with path.open("rb") as source:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())
            self._check(dumped_by)
            status = os.fstat(file.fileno())
            if _inode(self.restored) != status.st_ino:
                raise Permanent(f"{self.restored} is not the file that this run restored")
            if os.geteuid() == 0:
                os.fchown(file.fileno(), target.uid, target.gid)
        _sync(self.path.parent)
        return Restored(str(status.st_ino))

    def _check(self, dumped_by: str) -> None:
        try:
            with closing(open_to_read(self.restored, never_changes=True)) as connection:
                held = int(connection.execute(PAGES_HELD).fetchone()[0])
        except sqlite3.Error as error:
            raise Permanent(f"the dump of {dumped_by} cannot be opened ({error})") from error
        if held != self.restored.stat().st_size:
            raise Permanent(f"the dump of {dumped_by} has {self.restored.stat().st_size:,} of {held:,} bytes")

    def observe(self, contents: DatabaseContents) -> Pair:
        return contents, self._read(self.restored, contents)

    def _read(self, path: Path, contents: DatabaseContents) -> DatabaseContents:
        try:
            with closing(open_to_read(path, never_changes=True)) as connection:
                source = reading.source_of(path, contents.source.database)
                return reading.read(connection, path, source, datetime.now(UTC))
        except sqlite3.Error as error:
            raise Permanent(f"{path} cannot be read: {error}") from error

    def rows(self, query: str) -> list[dict[str, Any]]:
        try:
            with closing(open_to_read(self.restored, never_changes=True)) as connection:
                return dictionaries(connection.execute(query))
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise QueryFailed(getattr(error, "sqlite_errorname", type(error).__name__)) from error

    def neutralise(self, statements: Sequence[str]) -> None:
        """All of the statements, or none."""
        try:
            with closing(open_to_write(self.restored)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                for statement in statements:
                    connection.execute(statement)
                connection.execute("COMMIT")
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise Permanent(f"{self.restored}: {error}") from error

    def discard(self, absent_roles: Sequence[str], *, keeps: bool) -> None:
        if keeps and self.restored.exists():
            words = ("undone" if number == 1 else f"undone{number}" for number in count(1))
            undone = next(one for word in words if not (one := self._named(word, self._tag)).exists())
            _move(self.restored, undone)
            _sync(self.path.parent)
        else:
            _remove(self.restored)

    # Changing places

    def swap(self, restored_id: str, target: Target) -> None:
        """Raises Temporary while somebody has the old file open: what is written to it then would be lost."""
        assert isinstance(target, SqliteTarget)
        if not self.is_in_place(restored_id):
            if _inode(self.restored) != int(restored_id):
                raise Permanent(f"{self.restored} is not the file that this run restored")
            if _inode(self.path) != target.inode:
                raise Permanent(f"{self.path} is another file than when this began: somebody else is at it")
            if target.inode is not None:
                self._put_aside(target)
            _chmod(self.restored, CLOSED)
            self.restored.rename(self.path)
            _sync(self.path.parent)
            failpoint("recover.system.database_swapped")
        if self.kept.exists():
            _nobody_has(self.kept)
            _chmod(self.kept, target.mode)

    def _put_aside(self, target: SqliteTarget) -> None:
        """Give the old file its second name. A log beside it that no SQLite can work off goes with it."""
        if _inode(self.kept) not in (None, target.inode):
            raise Permanent(f"there is a file {self.kept} already")
        try:
            _shut(self.path)
        except Temporary:
            _chmod(self.path, target.mode)
            raise
        failpoint("recover.system.database_shut")
        if not self.kept.exists():
            os.link(self.path, self.kept)
        for one, kept in zip(beside(self.path), beside(self.kept), strict=True):
            if one.exists():
                one.rename(kept)
        failpoint("recover.system.database_aside")

    def swap_back(self, restored_id: str | None, target: Target) -> None:
        assert isinstance(target, SqliteTarget)
        if restored_id is not None and self.is_in_place(restored_id):
            _shut(self.path)
            if self.kept.exists():
                if not self.restored.exists():
                    os.link(self.path, self.restored)
                for one, moved in zip(beside(self.path), beside(self.restored), strict=True):
                    if one.exists():  # of a damaged one: SQLite would work it off in the file that comes back
                        one.rename(moved)
                failpoint("recover.system.log_moved_back")
                self.kept.rename(self.path)
            else:
                self.path.rename(self.restored)
        if target.inode is not None and _inode(self.path) == target.inode:
            for one, kept in zip(beside(self.path), beside(self.kept), strict=True):
                if kept.exists():
                    kept.rename(one)
            self.kept.unlink(missing_ok=True)
            _chmod(self.path, target.mode)
        if restored_id is not None and _inode(self.restored) == int(restored_id):
            _chmod(self.restored, OURS)
        if self.path.parent.is_dir():
            _sync(self.path.parent)

    def is_in_place(self, restored_id: str) -> bool:
        return _inode(self.path) == int(restored_id)

    def observe_in_place(self, contents: DatabaseContents) -> Pair:
        return contents, self._read(self.path, contents)

    def settle(self) -> list[Fault]:
        return []

    def open(self, target: Target) -> list[Fault]:
        assert isinstance(target, SqliteTarget)
        _chmod(self.path, target.mode)
        return []

    def is_open(self) -> bool:
        return self.path.exists() and bool(self.path.stat().st_mode & 0o777)

    def schema(self, contents: DatabaseContents) -> Pair:
        try:
            with closing(open_to_read(self.path)) as connection:
                objects = reading.objects(connection)
                settings = reading.settings(connection, self.path)
        except sqlite3.Error as error:
            raise Permanent(f"{self.path} cannot be read: {error}") from error
        return contents, contents.model_copy(update={"objects": objects, "settings": settings})

    def aside(self) -> list[Aside]:
        """The whole name counts: somebody else's may be called `erp.sqlite.before-something`."""
        if not self.path.parent.is_dir():
            return []
        ours = re.compile(rf"{re.escape(self.path.name)}\.(before|restored|undone)\d*-{TAG}")
        found = [(one, ours.fullmatch(one.name)) for one in sorted(self.path.parent.iterdir())]
        return [
            Aside(str(one), WHY[match[1]], one.stat().st_size, f"rm {shlex.quote(str(one))}")
            for one, match in found
            if match and one != self.restored
        ]


def _shut(path: Path) -> None:
    """Let nobody open the file any more, and have its log worked off. Raises Temporary if somebody has it."""
    _chmod(path, OURS)
    try:
        with closing(
            open_to_read(path, never_changes=True)
        ) as connection:  # else SQLite removes a damaged one's log
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        with closing(open_to_write(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Temporary(f"somebody is writing to {path}: stop the ERP") from error
        raise Permanent(f"{path}: {error}") from error
    except sqlite3.DatabaseError:
        pass  # damaged, which is why it is replaced: it is put aside as it is, with what lies beside it
    _chmod(path, CLOSED)
    _nobody_has(path)


def _nobody_has(path: Path) -> None:
    if who := holders(path):
        names = ", ".join(f"{count} of {name}" for name, count in who.items())
        raise Temporary(f"{path} is still open in {names}: stop the ERP's processes")


def _made(path: Path) -> IO[bytes]:
    """A new file, and not what somebody may have laid there: the ERP's account may write to the folder."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OURS), "wb")


def _chmod(path: Path, mode: int) -> None:
    """Of the file itself, however closed it is; never of what a link in its place leads to."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Permanent(f"{path} is no file")
        Path(f"/proc/self/fd/{descriptor}").chmod(mode)
    finally:
        os.close(descriptor)


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return None


def _move(path: Path, target: Path) -> None:
    for one, moved in zip((path, *beside(path)), (target, *beside(target)), strict=True):
        if one.exists():
            one.rename(moved)


def _remove(path: Path) -> None:
    for one in (path, *beside(path)):
        one.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
