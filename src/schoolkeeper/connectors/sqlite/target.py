"""Looking at the SQLite database that a recovery is to replace."""

import os
import pwd
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Literal

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.databases.replacement import Target
from schoolkeeper.connectors.space import space_at
from schoolkeeper.connectors.sqlite.holders import holders
from schoolkeeper.connectors.sqlite.identity import identity_of
from schoolkeeper.connectors.sqlite.session import open_to_read

DEFAULT_MODE = 0o640


class SqliteTarget(Target):
    """An SQLite database that is to be replaced. `inode` is None when there is no such file; `sessions` are the
    programs that have it open. `uid`, `gid` and `mode` are what the restored file gets."""

    product: Literal["sqlite"] = "sqlite"
    path: str
    inode: int | None
    is_file: bool
    parent_exists: bool
    uid: int
    gid: int
    mode: int

    @property
    def exists(self) -> bool:
        return self.inode is not None

    def is_like(self, source: DatabaseSource) -> bool:
        """The file holds every definition as it was written, whatever reads it."""
        return True


def look_at_file(path: Path) -> SqliteTarget:
    """See what is there, without following a link in its last name."""
    status = _status(path)
    parent = path.parent.stat() if path.parent.is_dir() else None
    owned = status or parent
    is_file = status is not None and stat.S_ISREG(status.st_mode)
    me = os.geteuid()
    return SqliteTarget(
        database=path.name,
        login=_account(me),
        role=_account(me),
        same_server=True,
        system_identifier=identity_of(path),
        server_major=sqlite3.sqlite_version_info[0],
        read_only=parent is not None and not os.access(path.parent, os.W_OK | os.X_OK),
        is_empty=_is_empty(path, status),
        lacking=_lacking(status, me),
        absent_roles=[],
        sessions=holders(path),
        space=space_at(path.parent),
        path=str(path),
        inode=status.st_ino if status else None,
        is_file=is_file,
        parent_exists=parent is not None,
        uid=owned.st_uid if owned else me,
        gid=owned.st_gid if owned else os.getegid(),
        mode=(stat.S_IMODE(status.st_mode) if status else 0) or DEFAULT_MODE,
    )


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_empty(path: Path, status: os.stat_result | None) -> bool | None:
    if status is None:
        return True
    try:
        with closing(open_to_read(path)) as connection:
            return not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    except (sqlite3.Error, OSError):  # damaged: it is here that a recovery is needed most
        return None


def _lacking(status: os.stat_result | None, me: int) -> list[str]:
    """Only root gives files away, and only a file's owner may close it to others."""
    if me == 0 or status is None or status.st_uid == me:
        return []
    return [f"being {_account(status.st_uid)}, who owns the file, or root"]


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
