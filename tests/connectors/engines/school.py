"""A school's server that archives its log, a day in its life, and what is found on a recovered copy of it."""

import os
import pwd
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from schoolkeeper.connectors.engines.recovery import recover
from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.testing.plugin import HOME

ACCOUNT = service_account()


@contextmanager
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's account can get to."""
    folder = HOME / secrets.token_hex(4)
    folder.mkdir()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def give(folder: Path) -> Path:
    """A folder of PostgreSQL's account."""
    folder.mkdir(parents=True)
    if ACCOUNT:
        shutil.chown(folder, ACCOUNT.uid, ACCOUNT.gid)
    return folder


def account_name() -> str:
    return ACCOUNT.name if ACCOUNT else pwd.getpwuid(os.geteuid()).pw_name


def serve(folder: Path, major: int, archive_command: str, **more: str | int) -> Cluster:
    """A server whose settings are higher than usual, so that a copy without them would not recover."""
    settings = {"fsync": "off", "archive_mode": "on", "archive_command": archive_command, "max_connections": 150}
    server = Cluster(folder, find(major), settings=settings | more)
    server.initialise(superuser=account_name())
    hba = server.files.data / "pg_hba.conf"
    hba.write_text(f"local all {account_name()} peer\n{hba.read_text()}")
    server.start()
    return server


@dataclass
class Day:
    """Ann's grade is entered, then, by mistake, everything is deleted, then Bob's is entered."""

    before_the_mistake: datetime
    the_mistake: str
    saved_as: str = "exams"


def begin(server: Cluster) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE grade (name text)")
        connection.execute("INSERT INTO grade VALUES ('zoe')")


def live(server: Cluster) -> Day:
    with server.connect() as connection:
        connection.execute("INSERT INTO grade VALUES ('ann')")
        connection.execute("SELECT pg_create_restore_point('exams')")
        connection.execute("SELECT pg_switch_wal()")
        now = only(connection.execute("SELECT clock_timestamp()"))
        with connection.transaction():
            xid = only(connection.execute("SELECT pg_current_xact_id()::text"))
            connection.execute("DELETE FROM grade")
        connection.execute("INSERT INTO grade VALUES ('bob')")
        segment = only(connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())"))
        connection.execute("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 60
        archived = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        while not only(connection.execute(archived, [segment])) and time.monotonic() < deadline:
            time.sleep(0.1)
    return Day(now, xid)


@contextmanager
def tablespace(server: Cluster) -> Iterator[None]:
    """For a while the server keeps something outside of its data folder."""
    with place() as folder, server.connect() as connection:
        connection.execute(f"CREATE TABLESPACE away LOCATION '{give(folder / 'away')}'")
        try:
            yield
        finally:
            connection.execute("DROP TABLESPACE away")


def only(cursor: Any) -> Any:
    return cursor.fetchone()[0]


def grades(major: int, fetch: Callable[[Path], None]) -> list[str]:
    """Whose grades are on a server that was fetched and recovered."""
    with place() as folder:
        copy = Cluster(folder / "copy", find(major), settings=SCRATCH_SETTINGS)
        copy.files.folder.mkdir(mode=0o711)
        fetch(copy.files.data)
        recover(copy, timeout_seconds=120)
        with copy, copy.connect() as connection:
            assert only(connection.execute("SHOW max_connections")) == "150"
            assert only(connection.execute("SHOW archive_mode")) == "off"
            assert not only(connection.execute("SELECT pg_is_in_recovery()"))
            return [name for (name,) in connection.execute("SELECT name FROM grade ORDER BY 1").fetchall()]
