"""Sessions beside a database: what is done to a whole database is done from another one of the same server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.session import connect, failure, parsed
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

Connection = psycopg.Connection[dict[str, Any]]
# Every server has the first, and most have the second when somebody has dropped the first.
MAINTENANCE = ("postgres", "template1")
PATIENT = {"statement_timeout": "0", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "0"}
LOCAL = ("", "localhost", "127.0.0.1", "::1")


class Administration:
    """The address of a component's database, and ways into it and into what lies beside it.

    The role is that of `admin_dsn` where the component names one, else the ERP's own. Raises Unreachable.
    """

    def __init__(self, name: str, component: PostgresComponent) -> None:
        self.name = name
        self._dsn = resolve(component.dsn, name)
        self._admin_dsn = resolve(component.admin_dsn, name) if component.admin_dsn else self._dsn
        try:
            own, self._parameters = parsed(self._dsn), parsed(self._admin_dsn)
        except ValueError as error:
            raise Unreachable(name, str(error)) from None
        self.login = str(own.get("user") or "")
        self.database = str(own.get("dbname") or self.login)
        self._has_one_address = all(
            own.get(key) == self._parameters.get(key) for key in ("host", "hostaddr", "port")
        )

    @property
    def is_local(self) -> bool:
        """Whether the server's files are on this machine."""
        host = str(self._parameters.get("hostaddr") or self._parameters.get("host") or "")
        return host in LOCAL or host.startswith("/")

    def leads_to(self, system_identifier: str | None) -> bool:
        """Whether the ERP's own address leads to the server that the administering role works on.

        The ERP may go through a pooler or a socket, so where the texts differ the server is asked who it is.
        """
        if self._has_one_address:
            return True
        for database in (self.database, *MAINTENANCE):  # the ERP's own may be gone or damaged
            try:
                with connect(self.name, make_conninfo(self._dsn, dbname=database)) as connection:
                    row = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
            except (psycopg.Error, Unreachable):
                continue
            return row is not None and row["system_identifier"] == system_identifier
        return False

    def address(self, database: str) -> str:
        """The address of any database of the server, with the administering role."""
        return make_conninfo(self._admin_dsn, dbname=database)

    def into(self, database: str, **options: str) -> Connection:
        """A session in one database, each statement on its own, without time limits."""
        connection = connect(self.name, self.address(database), **{**PATIENT, **options})
        connection.autocommit = True
        return connection

    def beside(self, **options: str) -> Connection:
        """A session in another database of the server."""
        places = [place for place in MAINTENANCE if place != self.database]
        wanted = str(self._parameters.get("dbname") or "")
        if wanted not in ("", self.database, *places):
            places.insert(0, wanted)
        for place in places[:-1]:
            try:
                return self.into(place, **options)
            except Unreachable:
                continue  # it may be gone or closed to this role; what the last one says is raised
        return self.into(places[-1], **options)

    @contextmanager
    def working(self, database: str = "") -> Iterator[Connection]:
        """A session in a database, "" for beside it; what it raises means to us what `meaning` says."""
        try:
            with self.into(database) if database else self.beside() as connection:
                yield connection
        except psycopg.Error as error:
            raise meaning(self.name, error) from error


def meaning(component: str, error: psycopg.Error) -> SchoolkeeperError:
    """A refused statement will be refused again; a lost connection, a lock or a session in the way will pass.

    So will a database that the server is still making for a process of ours that was killed: it notices the end of
    that process only when it has made it.
    """
    said = failure(component, error)
    in_the_making = psycopg.errors.DuplicateDatabase | psycopg.errors.UniqueViolation
    if isinstance(error, psycopg.errors.ObjectInUse | in_the_making):
        return Temporary(str(said))
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return said
    return Permanent(str(said))
