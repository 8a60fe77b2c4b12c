"""The server's settings that an application relies on: read, given to a scratch server, and compared."""

import re
from collections.abc import Iterable, Mapping

import pymysql

from schoolkeeper.connectors.databases.contents import Setting
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb.accounts import GRANT
from schoolkeeper.connectors.mariadb.notes import is_note
from schoolkeeper.connectors.mariadb.session import MariadbConnection, number_of, query, quoted
from schoolkeeper.connectors.mariadb.snapshot import View

# Can only be given to a server when it starts.
AT_START = ("lower_case_table_names", "ft_min_word_len", "innodb_ft_min_token_size")
GIVEN = (
    "sql_mode",
    "character_set_server",
    "collation_server",
    "time_zone",
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "group_concat_max_len",
    "innodb_strict_mode",
)
# Options that are called otherwise than their variables.
_OPTION = {"time_zone": "default_time_zone"}
# A copy's events must not run, and its machine has a zone of its own.
NOT_TRIED = ("event_scheduler", "system_time_zone")
_NUMBER = re.compile(r"\d+")


def read(view: View) -> list[Setting]:
    """Each setting that this server has."""
    names = ", ".join(f"'{name}'" for name in (*AT_START, *GIVEN, *NOT_TRIED))
    rows = view.rows(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")
    return [Setting(role="", name=str(row["variable_name"]), value=str(row["value"])) for row in rows]


def at_start(settings: Iterable[Setting]) -> dict[str, str]:
    """The options to start a server with."""
    return {setting.name: setting.value for setting in settings if setting.name in AT_START and not setting.role}


def settle(connection: MariadbConnection, settings: Iterable[Setting]) -> tuple[dict[str, str], list[Fault]]:
    """Give the server the settings: the options that will give them to it again at its next start, and those which
    differ in the end and must be set by hand after a restore."""
    mine = {setting.name: setting.value for setting in settings if not setting.role and not is_note(setting)}
    refused: dict[str, str] = {}
    for name in (name for name in GIVEN if name in mine):
        value: object = int(mine[name]) if _NUMBER.fullmatch(mine[name]) else mine[name]
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET GLOBAL {quoted(name)} = %s", (value,))
        except pymysql.Error as error:
            refused[name] = f"refused by the scratch server (error {number_of(error)})"
    now = {row["variable_name"]: str(row["value"]) for row in query(connection, "SHOW GLOBAL VARIABLES")}
    given = {_OPTION.get(name, name): mine[name] for name in GIVEN if name in mine and name not in refused}
    return given, [
        Fault(
            code="schema_differs",
            subject=f"setting {name} of the server",
            expected=f"{value}, set by hand after a restore",
            found=refused.get(name, now.get(name, "unknown here")),
            level="info" if name in NOT_TRIED else "warning",
        )
        for name, value in mine.items()
        if now.get(name) != value
    ]


def differing(saved: list[Setting], restored: list[Setting]) -> list[Fault]:
    """The settings and privileges of the copy that are not as saved."""
    grants_known = any(setting.name.startswith(GRANT) for setting in saved)
    was, now = _compared(saved, grants_known), _compared(restored, grants_known)
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


def _compared(settings: list[Setting], grants_known: bool) -> Mapping[tuple[str, str], Setting]:
    return {
        (one.role, one.name): one
        for one in settings
        if not is_note(one) and one.name not in NOT_TRIED and (grants_known or not one.name.startswith(GRANT))
    }
