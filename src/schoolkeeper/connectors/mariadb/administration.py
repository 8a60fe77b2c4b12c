"""Sessions for whoever administers a server: replacing a database takes more than the ERP's account may do."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

import pymysql

from schoolkeeper.connectors.mariadb.address import Address, parsed
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.session import MariadbConnection, connect, failure, is_lost, query
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

PATIENT: Mapping[str, object] = {"lock_wait_timeout": 30, "max_statement_time": 0, "wait_timeout": 7 * 86400}
IDENTITY = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uid', 'server_uuid')"
LOCAL = ("", "localhost", "127.0.0.1", "::1")


class Administration:
    """The address of a component's database, and ways onto its server.

    The account is that of `admin_dsn` where the component names one, else the ERP's own. Raises Unreachable.
    """

    def __init__(self, name: str, component: MariadbComponent) -> None:
        self.name = name
        try:
            self._own = parsed(resolve(component.dsn, name))
            self._admin = parsed(resolve(component.admin_dsn, name)) if component.admin_dsn else self._own
        except ValueError as error:
            raise Unreachable(name, str(error)) from None
        self.login = self._own.user
        self.database = self._own.database

    @property
    def is_local(self) -> bool:
        """Whether the server's files are on this machine."""
        return bool(self._admin.socket) or self._admin.host in LOCAL

    def leads_to(self, system_identifier: str | None) -> bool:
        """Whether the ERP's own address leads to the server that the administering account works on."""
        if (self._own.host, self._own.port, self._own.socket) == (
            self._admin.host,
            self._admin.port,
            self._admin.socket,
        ):
            return True
        try:
            with closing(connect(self.name, replace(self._own, database=""))) as connection:
                rows = query(connection, IDENTITY)
        except (Unreachable, pymysql.Error):
            return False
        return bool(rows) and rows[0]["value"] == system_identifier

    def address(self, database: str) -> Address:
        """The address of any database of the server, with the administering account."""
        return replace(self._admin, database=database)

    @contextmanager
    def working(self, database: str = "") -> Iterator[MariadbConnection]:
        """A session in a database, "" for in none; a refused statement will be refused again."""
        connection = connect(self.name, self.address(database), PATIENT, patient=True)
        try:
            yield connection
        except pymysql.Error as error:
            raise self._meaning(error) from error
        finally:
            connection.close()

    def _meaning(self, error: pymysql.Error) -> SchoolkeeperError:
        meaning = failure(self.name, error)
        return meaning if is_lost(error) or isinstance(meaning, Temporary) else Permanent(str(meaning))
