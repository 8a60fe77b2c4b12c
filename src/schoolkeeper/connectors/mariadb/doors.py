"""Keeping users out of one database of a server, and letting them in again.

MariaDB locks accounts, not databases. So accounts that work in this database and nowhere else are locked, and
those that others depend on are told. (Source: MariaDB's manual, "Account Locking"; it is there from 10.4 on.)
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import pymysql
from pymysql.constants import ER

from schoolkeeper.connectors.mariadb.accounts import Account
from schoolkeeper.connectors.mariadb.session import MariadbConnection, number_of, query
from schoolkeeper.kernel.errors import Temporary

ENDING_SECONDS = 30.0
POLL_SECONDS = 0.1

# What an account may do in this database, elsewhere, and on the whole server; also by its roles.
ACCOUNTS = """
WITH RECURSIVE privileges AS (
    SELECT user, host, %(database)s LIKE db AS here FROM mysql.db
    UNION ALL SELECT user, host, db = %(database)s FROM mysql.tables_priv WHERE db <> 'mysql'
    UNION ALL SELECT user, host, db = %(database)s FROM mysql.columns_priv
    UNION ALL SELECT user, host, db = %(database)s FROM mysql.procs_priv
), granted AS (
    SELECT user, host, user AS holder, host AS holder_host FROM mysql.global_priv
    UNION SELECT m.role, '', g.holder, g.holder_host
      FROM mysql.roles_mapping AS m JOIN granted AS g ON m.user = g.user AND m.host = g.host
)
SELECT a.user, a.host,
       COALESCE(JSON_VALUE(a.priv, '$.account_locked'), 0) IN (1, 'true') AS is_locked,
       COALESCE(JSON_VALUE(a.priv, '$.access'), 0) <> 0
           OR COALESCE(SUM(p.here = 0), 0) > 0 AS works_elsewhere
  FROM mysql.global_priv AS a
  JOIN granted AS g ON g.holder = a.user AND g.holder_host = a.host
  JOIN privileges AS p ON p.user = g.user AND p.host = g.host
 WHERE COALESCE(JSON_VALUE(a.priv, '$.is_role'), 0) NOT IN (1, 'true')
   AND CONCAT(a.user, '@', a.host) <> CURRENT_USER()
 GROUP BY a.user, a.host, a.priv HAVING SUM(p.here) > 0
 ORDER BY 1, 2
"""
LOCKED = """
SELECT user, host FROM mysql.global_priv WHERE COALESCE(JSON_VALUE(priv, '$.account_locked'), 0) IN (1, 'true')
"""
CAN_LOCK = """
SELECT 1 AS yes FROM information_schema.tables WHERE table_schema = 'mysql' AND table_name = 'global_priv'
"""
SESSIONS = """
SELECT id, user, db FROM information_schema.processlist
 WHERE id <> CONNECTION_ID() AND command <> 'Daemon' AND user NOT IN ('system user', 'event_scheduler')
"""


@dataclass(frozen=True, slots=True)
class Users:
    """Accounts as user@host: `lockable` work here alone and are open, `elsewhere` work in other databases too."""

    lockable: list[str]
    elsewhere: list[str]


def users_of(connection: MariadbConnection, database: str) -> Users:
    """The accounts that have privileges on a database; none where the server cannot lock or we may not ask."""
    if not query(connection, CAN_LOCK):
        return Users([], [])
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, {"database": database})
        rows = list(cursor.fetchall())
    name = "{user}@{host}".format
    return Users(
        lockable=[name(**row) for row in rows if not row["works_elsewhere"] and not row["is_locked"]],
        elsewhere=[name(**row) for row in rows if row["works_elsewhere"] and not row["is_locked"]],
    )


def lock(connection: MariadbConnection, accounts: Iterable[str]) -> None:
    for one in accounts:
        query(connection, f"ALTER USER IF EXISTS {Account.of(one).sql()} ACCOUNT LOCK")


def unlock(connection: MariadbConnection, accounts: Iterable[str]) -> None:
    for one in accounts:
        query(connection, f"ALTER USER IF EXISTS {Account.of(one).sql()} ACCOUNT UNLOCK")


def are_locked(connection: MariadbConnection, accounts: Iterable[str]) -> bool:
    """Whether any of them is."""
    wanted = set(accounts)
    rows = query(connection, LOCKED) if wanted else []
    return any(f"{row['user']}@{row['host']}" in wanted for row in rows)


def send_away(connection: MariadbConnection, database: str, locked: Iterable[str]) -> None:
    """End every session in the database and of the locked accounts.

    Raises Temporary when one of a locked account does not go; others may come back at once, for all we can do.
    """
    names = {Account.of(one).user for one in locked}
    deadline = time.monotonic() + ENDING_SECONDS
    while True:
        sessions = query(connection, SESSIONS)
        for row in sessions:
            if row["db"] == database or row["user"] in names:
                _end(connection, int(row["id"]))
        if not any(row["user"] in names for row in sessions):
            return
        if time.monotonic() > deadline:
            raise Temporary(f"somebody does not leave the database {database}")
        time.sleep(POLL_SECONDS)


def _end(connection: MariadbConnection, session: int) -> None:
    try:
        query(connection, f"KILL CONNECTION {session}")
    except pymysql.Error as error:
        if number_of(error) != ER.NO_SUCH_THREAD:  # it went by itself
            raise
