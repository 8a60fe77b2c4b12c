"""A moment that can be found again in the server's log: for copies of the server's own files.

For a blink nobody writes: all tables are locked against writing, a snapshot is opened, a restore point is written
into the log, and the locks are let go. A copy that is recovered to the restore point then holds exactly what the
snapshot shows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.postgres.saving import PostgresSaving, saving
from schoolkeeper.connectors.postgres.session import connect

ATTEMPTS = 3
# Users wait behind our waiting, so it is short; a longer transaction of theirs means another attempt.
LOCK_TIMEOUT = "1s"
IN_THE_WAY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,  # the time limit of the session: so many tables, each waited for
)
NO_POINT = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,  # a standby, or a server that keeps no log for archives
)
TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY 1, 2
"""


@contextmanager
def standing(component: str, dsn: str, name: str) -> Iterator[tuple[PostgresSaving, str]]:
    """A snapshot, and the name of the restore point at the same moment; "" where none could be made.

    That takes the right to lock all tables, and that to call pg_create_restore_point and pg_switch_wal.
    """
    with connect(component, dsn) as locker:
        stands = any(_stand_still(locker) for _ in range(ATTEMPTS))
        with saving(component, dsn) as held:
            marked = stands and _mark(locker, name)
            locker.commit() if marked else locker.rollback()
            yield held, name if marked else ""


def _stand_still(locker: psycopg.Connection[Any]) -> bool:
    """Lock every table against writing; False when somebody is in the way."""
    try:
        tables = [sql.Identifier(row["nspname"], row["relname"]) for row in locker.execute(TABLES.encode())]
        locker.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        if tables:
            locker.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.SQL(", ").join(tables)))
    except IN_THE_WAY:
        locker.rollback()
        return False
    return True


def _mark(locker: psycopg.Connection[Any], name: str) -> bool:
    """Write the restore point, and have the log up to it archived soon."""
    try:
        locker.execute("SELECT pg_create_restore_point(%s)", (name,))
        locker.execute("SELECT pg_switch_wal()")
    except NO_POINT:
        return False
    return True
