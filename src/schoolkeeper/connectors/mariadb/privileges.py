"""Privileges on a database and its tables and routines: what the set knows, what the server has."""

import re
from collections.abc import Iterable

import pymysql

from schoolkeeper.connectors.databases.contents import Setting
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb.accounts import GRANT, WITH_GRANT_OPTION, Account
from schoolkeeper.connectors.mariadb.memory import Grant
from schoolkeeper.connectors.mariadb.rights import fits
from schoolkeeper.connectors.mariadb.session import MariadbConnection, query, quoted

SCOPE = re.compile(rf"{re.escape(GRANT)}`(?P<name>(?:[^`]|``)+)`\.(?P<what>.+)", re.DOTALL)
ROUTINES = """
SELECT user, host, routine_name AS name, routine_type AS type, proc_priv AS names
  FROM mysql.procs_priv WHERE db = %s
"""


def missing(saved: Iterable[Setting], now: Iterable[Setting], source: str, database: str) -> list[Grant]:
    """What somebody was allowed and is not now, on this database or a table of it.

    `now` is all that concerns this database. Privileges on the whole server are for people to give. What was given
    on all databases of a pattern is given on this one alone: the others may be somebody else's.
    """
    have: dict[tuple[str, str], set[str]] = {}
    for one in now:
        if found := SCOPE.fullmatch(one.name):
            have.setdefault((one.role, found["what"]), set()).update(_names(one))
    lacking = []
    for one in saved:
        found = SCOPE.fullmatch(one.name)
        if found is None or (spelling := _spelled(found, source, database)) is None:
            continue
        if names := [name for name in _names(one) if name not in have.get((one.role, found["what"]), ())]:
            with_option = one.value.endswith(WITH_GRANT_OPTION)
            scope = f"{quoted(spelling)}.{found['what']}"
            lacking.append(Grant(role=one.role, names=", ".join(names), scope=scope, with_option=with_option))
    return lacking


def _spelled(found: re.Match[str], source: str, database: str) -> str | None:
    """How this database is spelled where the set spells its own so; None for what concerns another one. A whole
    database is named by a pattern, in which `_` stands for any character unless it is escaped."""
    name = found["name"].replace("``", "`")
    if name == source:
        return database
    if found["what"] == "*" and fits(name, source):
        return re.sub(r"([\\%_])", r"\\\1", database)
    return None


def _names(setting: Setting) -> list[str]:
    return setting.value.removesuffix(WITH_GRANT_OPTION).split(", ")


def on_routines(connection: MariadbConnection, database: str) -> list[Grant]:
    """Privileges on routines, which the server forgets when a routine is dropped."""
    found = []
    for row in query(connection, ROUTINES, (database,)):
        names = [name for name in str(row["names"]).upper().split(",") if name]
        with_option = "GRANT" in names
        found.append(
            Grant(
                role=f"{row['user']}@{row['host']}" if row["host"] else str(row["user"]),
                names=", ".join(name for name in names if name != "GRANT") or "USAGE",
                scope=f"{row['type']} {quoted(database)}.{quoted(str(row['name']))}",
                with_option=with_option,
            )
        )
    return found


def statement(one: Grant) -> str:
    option = WITH_GRANT_OPTION if one.with_option else ""
    return f"GRANT {one.names} ON {one.scope} TO {Account.of(one.role).sql()}{option}"


def give(connection: MariadbConnection, grants: Iterable[Grant]) -> list[Fault]:
    """Grant each; what the server refuses is left to people."""
    faults = []
    for one in grants:
        try:
            query(connection, statement(one))
        except pymysql.Error:
            subject = f"{one.names} on {one.scope} for {one.role}"
            found = "not granted: the account or the object is not there, or this account may not grant it"
            faults.append(Fault(code="by_hand", subject=subject, found=found, level="warning"))
    return faults


def take(connection: MariadbConnection, grants: Iterable[Grant]) -> None:
    """Revoke each, if it is there."""
    for one in grants:
        names = f"{one.names}, GRANT OPTION" if one.with_option else one.names
        try:
            query(connection, f"REVOKE {names} ON {one.scope} FROM {Account.of(one.role).sql()}")
        except pymysql.Error:
            continue  # the account, or the privilege, is gone
