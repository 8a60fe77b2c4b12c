"""The accounts that a database needs: those its views, triggers, routines and events run as, and its users.

Accounts belong to the server and not to the database, so no dump carries them; passwords are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pymysql

from schoolkeeper.connectors.databases.contents import Setting
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb.session import MariadbConnection, number_of, quoted
from schoolkeeper.connectors.mariadb.snapshot import View

GRANT = "grant on "
WITH_GRANT_OPTION = " WITH GRANT OPTION"

DEFINERS = """
SELECT definer FROM information_schema.views WHERE table_schema = DATABASE()
UNION SELECT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE()
UNION SELECT definer FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION SELECT definer FROM information_schema.events WHERE event_schema = DATABASE()
"""
# Only an account that sees this table sees the privileges of others.
ARE_READABLE = """
SELECT 1 AS yes FROM information_schema.tables
 WHERE table_schema = 'mysql' AND table_name IN ('global_priv', 'user')
"""
PRIVILEGES = """
SELECT grantee, '' AS `schema`, '' AS `table`, privilege_type AS privilege, is_grantable
  FROM information_schema.user_privileges WHERE privilege_type <> 'USAGE'
UNION ALL
SELECT grantee, table_schema, '', privilege_type, is_grantable
  FROM information_schema.schema_privileges WHERE DATABASE() LIKE table_schema
UNION ALL
SELECT grantee, table_schema, table_name, privilege_type, is_grantable
  FROM information_schema.table_privileges WHERE table_schema = DATABASE()
ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the server, known as user@host; a role where there is no host."""

    user: str
    host: str

    @classmethod
    def of(cls, definer: str) -> "Account":
        user, _, host = definer.rpartition("@")
        return cls(user, host) if "@" in definer else cls(definer, "")

    def sql(self) -> str:
        return quoted(self.user) + (f"@{quoted(self.host)}" if self.host else "")


def read(view: View) -> tuple[list[str], list[Setting]]:
    """The accounts by user@host, and what each may do, as far as our account may ask.

    Privileges on the whole server are told of definers only; of others they are no business of this database.
    """
    definers = {str(row["definer"]) for row in view.rows(DEFINERS)}
    granted: dict[tuple[str, str], list[str]] = {}
    grantable: set[tuple[str, str]] = set()
    for row in view.rows(PRIVILEGES) if view.rows(ARE_READABLE) else []:
        who = str(row["grantee"]).removeprefix("'").removesuffix("'").replace("'@'", "@")
        if not row["schema"] and who not in definers:
            continue
        key = (who, _scope(row["schema"], row["table"]))
        granted.setdefault(key, []).append(str(row["privilege"]))
        if row["is_grantable"] == "YES":
            grantable.add(key)
    settings = [
        Setting(
            role=who,
            name=GRANT + scope,
            value=", ".join(names) + (WITH_GRANT_OPTION if (who, scope) in grantable else ""),
        )
        for (who, scope), names in granted.items()
    ]
    return sorted(definers | {who for who, _ in granted}), settings


def _scope(schema: str, table: str) -> str:
    if not schema:
        return "*.*"
    return f"{quoted(schema)}.{quoted(table) if table else '*'}"


def create_locked(connection: MariadbConnection, names: Iterable[str]) -> None:
    """Make accounts that cannot sign in, and roles; without any privilege."""
    with connection.cursor() as cursor:
        for account in map(Account.of, names):
            if account.host:
                cursor.execute(f"CREATE USER IF NOT EXISTS {account.sql()} ACCOUNT LOCK")
            else:
                cursor.execute(f"CREATE ROLE IF NOT EXISTS {account.sql()}")


def allow_all(connection: MariadbConnection, names: Iterable[str], database: str) -> None:
    """Give accounts all on a database: the server makes no view on a view whose definer may not read what is
    below, and a dump makes views before anybody is allowed anything."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"GRANT ALL ON {quoted(database)}.* TO {Account.of(name).sql()}")


def confine(connection: MariadbConnection, names: Iterable[str], database: str) -> None:
    """Take that back."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"REVOKE ALL ON {quoted(database)}.* FROM {Account.of(name).sql()}")


def are_known(settings: Iterable[Setting]) -> bool:
    """Whether anything is known of what accounts may do."""
    return any(setting.name.startswith(GRANT) for setting in settings)


def drop(connection: MariadbConnection, name: str) -> None:
    """Remove an account or a role, if it is there."""
    account = Account.of(name)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP {'USER' if account.host else 'ROLE'} IF EXISTS {account.sql()}")


def grant(connection: MariadbConnection, settings: Iterable[Setting]) -> list[Fault]:
    """Give the accounts what they were allowed; what is refused must be granted by hand after a restore."""
    faults = []
    for setting in (one for one in settings if one.name.startswith(GRANT)):
        names, option = setting.value.removesuffix(WITH_GRANT_OPTION), setting.value.endswith(WITH_GRANT_OPTION)
        scope = setting.name.removeprefix(GRANT)
        statement = f"GRANT {names} ON {scope} TO {Account.of(setting.role).sql()}"
        try:
            connection.query(statement + (WITH_GRANT_OPTION if option else ""))
        except pymysql.Error as error:
            faults.append(
                Fault(
                    code="schema_differs",
                    subject=f"setting {setting.name} of {setting.owner}",
                    expected="as saved, applied by hand after a restore",
                    found=f"refused by the scratch server (error {number_of(error)})",
                    level="warning",
                )
            )
    return faults
