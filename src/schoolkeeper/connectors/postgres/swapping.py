"""Putting a restored database into the place of another one by renaming, and back.

The restored database is made beside the old one, under a name of this run, and is told from every other one by its
object id, which a renaming does not change. Both renamings stand in one transaction: there is no moment at which
the old one is gone and the new one is not there. Every method may be repeated after an interruption.
"""

import re
import time
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.administration import Administration, Connection
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.failpoints import failpoint

NAME_BYTES = 63
TAG = "[0-9]{8}_[0-9a-f]{8}"
TAG_LENGTH = len("20260131_0123abcd")
# A run that was taken back after it had been opened may be repeated, and taken back again.
UNDONE = ("undone", *(f"undone{number}" for number in range(2, 10)))
ENDING_SECONDS = 30.0
POLL_SECONDS = 0.1
# What servers say of a locale that they do not know.
UNKNOWN_LOCALE = (psycopg.errors.WrongObjectType, psycopg.errors.InvalidParameterValue)


def beside(database: str, word: str, tag: str) -> str:
    """The name of a database beside another one, short enough that PostgreSQL does not cut it."""
    ending = f"_{word}_{tag}"
    return database.encode()[: NAME_BYTES - len(ending)].decode(errors="ignore") + ending


class DatabaseSwap:
    """The database of a component, the one that is to take its place, and the one that was there before.

    `tag` is the run's, of TAG_LENGTH characters; with it both names are the run's own.
    """

    def __init__(self, administration: Administration, tag: str) -> None:
        self.administration = administration
        self._tag = tag
        self.database = administration.database
        self.restored = beside(self.database, "restored", tag)
        self.before = beside(self.database, "before", tag)

    def oid(self, name: str) -> int | None:
        """Which database bears a name."""
        with self.administration.working() as connection:
            return _oid(connection, name)

    # The restored one

    def create_roles(self, names: list[str]) -> list[str]:
        """Make the roles that are not here, without login; which ones. Whoever is no superuser joins them, because
        only a member may hand things over."""
        made = []
        with self.administration.working() as connection:
            for name in names:
                if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None:
                    continue
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
                if not _is_superuser(connection):
                    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
                made.append(name)
        return made

    def drop_roles(self, names: list[str]) -> list[str]:
        """Take roles away that this run made; which ones stay, because something depends on them by now."""
        stay = []
        for name in names:
            try:
                with self.administration.working() as connection:
                    connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
            except Permanent:
                stay.append(name)
        return stay

    def create(self, source: DatabaseSource) -> list[Fault]:
        """Make the restored database, empty, in place of one that an interruption left half done."""
        self.drop()
        with self.administration.working() as session:
            connection: psycopg.Connection[Any] = session
            try:
                create_database(
                    connection,
                    self.restored,
                    encoding=source.encoding,
                    collate=source.collate,
                    ctype=source.ctype,
                )
            except UNKNOWN_LOCALE:
                create_database(connection, self.restored, encoding=source.encoding, collate="C", ctype="C")
                return [
                    Fault(code="differs", subject="locale", expected=source.collate, found="C", level="warning")
                ]
            return self._other_provider(session)

    def _other_provider(self, connection: Connection) -> list[Fault]:
        """No set says whose rules sort its texts: the C library's are taken, and where that differs it is told."""
        query = "SELECT to_jsonb(d) ->> 'datlocprovider' AS code FROM pg_database AS d WHERE datname = %s"
        row = connection.execute(query, [self.database]).fetchone()
        if row is None or row["code"] in (None, "c"):  # servers before 15 have no other
            return []
        found = "libc: texts are sorted otherwise"
        return [
            Fault(code="differs", subject="locale provider", expected=row["code"], found=found, level="warning")
        ]

    def drop(self) -> None:
        """Remove the restored database, and who is in it."""
        with self.administration.working() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.restored))
            )

    def keep(self) -> None:
        """Put the restored database aside under a name of its own, closed: users have worked in it."""
        with self.administration.working() as connection:
            if _oid(connection, self.restored) is None:
                return
            names = (beside(self.database, word, self._tag) for word in UNDONE)
            free = next((name for name in names if _oid(connection, name) is None), None)
            if free is None:
                raise Permanent(
                    f"too many databases like {beside(self.database, UNDONE[-1], self._tag)} lie aside"
                )
            _shut(connection, self.restored)
            connection.execute(_rename(self.restored, free))

    def dress(self, owner: str) -> None:
        """Give the restored database what belongs to a database as a whole: its owner, and the privileges and the
        limit of the one that it replaces, which no dump carries."""
        with self.administration.working() as connection:
            owned = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [owner]).fetchone() is not None:
                connection.execute(owned.format(sql.Identifier(self.restored), sql.Identifier(owner)))
            for statement in _dressing(connection, self.database, self.restored):
                connection.execute(statement)

    # Changing places

    def swap(self, restored_oid: int) -> None:
        """Put the restored database into its place, closed; the old one is closed too and renamed aside."""
        with self.administration.working() as connection:
            if _oid(connection, self.database) == restored_oid:
                return
            if _oid(connection, self.restored) != restored_oid:
                raise Permanent(f"{self.restored} is not the database that this run restored")
            if _oid(connection, self.before) is not None:
                raise Permanent(f"there is a database {self.before} already")
            is_there = _oid(connection, self.database) is not None
            for name in (self.restored, self.database) if is_there else (self.restored,):
                _shut(connection, name)
            failpoint("recover.system.database_shut")
            with connection.transaction():
                if is_there:
                    connection.execute(_rename(self.database, self.before))
                connection.execute(_rename(self.restored, self.database))
        failpoint("recover.system.database_swapped")

    def swap_back(self, restored_oid: int | None, original_oid: int | None, was_open: bool) -> None:
        """Put things as they were before `swap`, or before it was interrupted."""
        with self.administration.working() as connection:
            if restored_oid is not None and _oid(connection, self.database) == restored_oid:
                _shut(connection, self.database)
                with connection.transaction():
                    connection.execute(_rename(self.database, self.restored))
                    if _oid(connection, self.before) is not None:
                        connection.execute(_rename(self.before, self.database))
            if original_oid is not None and _oid(connection, self.database) == original_oid:
                connection.execute(_allowing(self.database, was_open))
            if restored_oid is not None and _oid(connection, self.restored) == restored_oid:
                connection.execute(_allowing(self.restored, True))

    def open(self) -> None:
        """Let everybody in again."""
        with self.administration.working() as connection:
            connection.execute(_allowing(self.database, True))

    def is_open(self) -> bool:
        """Whether the database takes connections."""
        with self.administration.working() as connection:
            query = "SELECT datallowconn FROM pg_database WHERE datname = %s"
            row = connection.execute(query, [self.database]).fetchone()
            return row is not None and bool(row["datallowconn"])

    def aside(self) -> list[str]:
        """Databases that this or an earlier run put aside, and those that earlier runs gave up."""
        undone = [beside(self.database, word, self._tag) for word in UNDONE]
        starts = tuple(name[:-TAG_LENGTH] for name in (self.before, self.restored, *undone))
        with self.administration.working() as connection:
            rows = connection.execute("SELECT datname::text AS name FROM pg_database ORDER BY 1").fetchall()
        names = [str(row["name"]) for row in rows]
        # The whole name counts: somebody else's may be called `erp_before_something`.
        ours = [name for name in names if name[:-TAG_LENGTH] in starts and re.fullmatch(TAG, name[-TAG_LENGTH:])]
        return [name for name in ours if name != self.restored]

    def size_bytes(self, name: str) -> int | None:
        """How much disk a database takes; None when there is none, or we may not ask."""
        query = "SELECT pg_database_size(oid) AS size_bytes FROM pg_database WHERE datname = %s"
        try:
            with self.administration.working() as connection:
                row = connection.execute(query, [name]).fetchone()
        except Permanent:
            return None
        return None if row is None else int(row["size_bytes"])


def quoted(name: str) -> str:
    """A name of a database or role as SQL text, for people to type."""
    return sql.Identifier(name).as_string(None)


def _oid(connection: Connection, name: str) -> int | None:
    row = connection.execute("SELECT oid::bigint AS oid FROM pg_database WHERE datname = %s", [name]).fetchone()
    return None if row is None else int(row["oid"])


def _is_superuser(connection: Connection) -> bool:
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return row is not None and bool(row["rolsuper"])


def _rename(old: str, new: str) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))


def _allowing(name: str, allowed: bool) -> sql.Composed:
    word = sql.SQL("true" if allowed else "false")
    return sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), word)


def _shut(connection: Connection, name: str) -> None:
    """Let nobody in any more, and send away who is in. Raises Temporary when somebody does not go."""
    connection.execute(_allowing(name, False))
    deadline = time.monotonic() + ENDING_SECONDS
    while connection.execute(_ENDING, [name]).fetchall():
        if time.monotonic() > deadline:
            raise Temporary(f"somebody does not leave the database {name}")
        time.sleep(POLL_SECONDS)


# Whatever is in it: a subscription or a scheduler works there too, and stays away from a database that is closed.
_ENDING = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
_LIMIT = "SELECT datconnlimit, datacl IS NOT NULL AS has_acl FROM pg_database WHERE datname = %s"
_GRANTS = """
SELECT CASE WHEN x.grantee = 0 THEN '' ELSE pg_get_userbyid(x.grantee)::text END AS grantee,
       x.privilege_type AS privilege, x.is_grantable
  FROM pg_database AS d CROSS JOIN LATERAL aclexplode(d.datacl) AS x
 WHERE d.datname = %s AND x.grantee <> d.datdba
"""


def _dressing(connection: Connection, old: str, new: str) -> list[sql.Composed]:
    row = connection.execute(_LIMIT, [old]).fetchone()
    if row is None:
        return []
    name = sql.Identifier(new)
    # 0 lets nobody in: somebody closed the ERP that way, and the recovery is to open it. Below -1 it is broken.
    most = row["datconnlimit"] if row["datconnlimit"] > 0 else -1
    limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, sql.Literal(most))
    if not row["has_acl"]:
        return [limit]
    grants = [
        sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
            sql.SQL(grant["privilege"]),
            name,
            sql.Identifier(grant["grantee"]) if grant["grantee"] else sql.SQL("PUBLIC"),
            sql.SQL(" WITH GRANT OPTION" if grant["is_grantable"] else ""),
        )
        for grant in connection.execute(_GRANTS, [old]).fetchall()
    ]
    return [limit, sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name), *grants]
