"""Giving the restored database the settings of the saved one, which pg_restore leaves out without `--create`."""

from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.databases.contents import Setting
from schoolkeeper.connectors.databases.fault import Fault

# These change who we are.
NOT_TRIED = frozenset({"role", "session_authorization"})
# Libraries may be missing on the scratch server, which would then take no connection.
LIBRARIES = "_preload_libraries"


def is_tried(setting: Setting) -> bool:
    """Whether a drill gives the copy this setting."""
    return setting.name not in NOT_TRIED and not setting.name.endswith(LIBRARIES)


def settle(connection: psycopg.Connection[Any], database: str, settings: list[Setting]) -> list[Fault]:
    """Apply each setting; what was not tried or is refused must be applied by hand after a restore."""
    faults = [_by_hand(setting, "not tried by a drill") for setting in settings if not is_tried(setting)]
    for setting in filter(is_tried, settings):
        try:
            _apply(connection, database, setting)
        except psycopg.Error as error:
            faults.append(_by_hand(setting, f"refused by the scratch server ({type(error).__name__})"))
    return faults


def _apply(connection: psycopg.Connection[Any], database: str, setting: Setting) -> None:
    """Takes it into the session first, because a list would otherwise become one name with commas."""
    owner = (
        sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(setting.role), sql.Identifier(database))
        if setting.role
        else sql.SQL("DATABASE {}").format(sql.Identifier(database))
    )
    name = sql.SQL(".").join(map(sql.Identifier, setting.name.split(".")))
    with connection.transaction():
        connection.execute("SELECT set_config(%s, %s, true)", (setting.name, setting.value))
        connection.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(owner, name))


def _by_hand(setting: Setting, why: str) -> Fault:
    return Fault(
        code="schema_differs",
        subject=f"setting {setting.name} of {setting.owner}",
        expected="as saved, applied by hand after a restore",
        found=why,
        level="warning",
    )


def differing(saved: list[Setting], restored: list[Setting]) -> list[Fault]:
    """The settings of the copy that are not as saved; values are not shown, they may be secret."""
    was = {(one.role, one.name): one for one in saved if is_tried(one)}
    now = {(one.role, one.name): one for one in restored if is_tried(one)}
    return [
        Fault(
            code="schema_differs",
            subject=f"setting {key[1]} of {(was.get(key) or now[key]).owner}",
            expected="as saved" if key in was else "none",
            found="missing" if key not in now else "another value" if key in was else "one too many",
        )
        for key in sorted(was.keys() | now.keys())
        if was.get(key) != now.get(key)
    ]
