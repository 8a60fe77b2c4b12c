"""Looking at the database that a recovery is to replace, and at what its role may do there."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import psycopg

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.replacement import Target
from schoolkeeper.connectors.postgres.administration import Administration, Connection
from schoolkeeper.connectors.postgres.session import failure
from schoolkeeper.connectors.space import space_at
from schoolkeeper.kernel.errors import Unreachable

EMPTY = """
SELECT NOT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
) AND NOT EXISTS (SELECT FROM pg_largeobject_metadata) AS empty
"""


class DatabaseTarget(Target):
    """A PostgreSQL database that is to be replaced, and the server it is on.

    `oid` is None when there is no such database. `absent_extensions` are what the set needs and the server has
    not. `is_invalid` tells that its removal was interrupted.
    """

    product: Literal["postgres"] = "postgres"
    in_recovery: bool
    oid: int | None
    owner: str
    allows_connections: bool
    is_template: bool
    is_invalid: bool = False
    prepared_transactions: int
    subscriptions: int = 0
    absent_extensions: list[str]

    @property
    def exists(self) -> bool:
        return self.oid is not None


def look_at_target(administration: Administration, contents: DatabaseContents) -> DatabaseTarget:
    """See what is there, in sessions that cannot write. Raises Unreachable."""
    try:
        with administration.beside() as connection:
            return _look(administration, connection, contents)
    except psycopg.Error as error:
        raise failure(administration.name, error) from error


def _look(administration: Administration, connection: Connection, contents: DatabaseContents) -> DatabaseTarget:
    server = _row(connection, "server.sql", {})
    connection.execute("SET default_transaction_read_only = on")
    found = _row(connection, "target.sql", {"database": administration.database})
    sessions = _rows(connection, "target_sessions.sql", {"database": administration.database})
    owner = found.get("owner", "") or administration.login
    wanted = sorted({*contents.roles, owner})
    roles = _rows(connection, "target_roles.sql", {"roles": wanted, "can_set": server["can_set"]})
    extensions = list(contents.objects.get("extension", {}))
    have = _rows(connection, "target_extensions.sql", {"names": extensions})
    missing = [role["name"] for role in roles if not role["exists"] and role["name"] in contents.roles]
    needs_superuser = [one["name"] for one in have if one["needs_superuser"]]
    return DatabaseTarget(
        database=administration.database,
        login=administration.login,
        role=server["role"],
        same_server=administration.leads_to(server["system_identifier"]),
        system_identifier=server["system_identifier"],
        server_major=server["server_major"],
        in_recovery=server["in_recovery"],
        read_only=server["read_only"],
        oid=found.get("oid"),
        owner=found.get("owner", ""),
        allows_connections=found.get("allows_connections", True),
        is_template=found.get("is_template", False),
        is_invalid=found.get("is_invalid", False),
        is_empty=_is_empty(administration, found),
        prepared_transactions=found.get("prepared_transactions", 0),
        subscriptions=found.get("subscriptions", 0),
        lacking=[] if server["is_superuser"] else _lacking(server, found, roles, needs_superuser, sessions),
        absent_roles=missing,
        absent_extensions=sorted(set(extensions) - {one["name"] for one in have}),
        sessions={one["login"]: one["sessions"] for one in sessions},
        space=space_at(Path(server["data_directory"]))
        if administration.is_local and server["data_directory"]
        else None,
    )


def _is_empty(administration: Administration, found: dict[str, Any]) -> bool | None:
    if not found:
        return True
    if not found["allows_connections"]:
        return None
    try:
        with administration.into(administration.database, default_transaction_read_only="on") as connection:
            return bool((connection.execute(EMPTY).fetchone() or {})["empty"])
    except (Unreachable, psycopg.Error):  # damaged, or full: it is here that a recovery is needed most
        return None


def _lacking(
    server: dict[str, Any],
    found: dict[str, Any],
    roles: Sequence[dict[str, Any]],
    needs_superuser: Sequence[str],
    sessions: Sequence[dict[str, Any]],
) -> list[str]:
    """What a superuser never lacks."""
    lacking = []
    if not server["may_create_databases"]:
        lacking.append(f"the attribute CREATEDB (ALTER ROLE {server['quoted_role']} CREATEDB)")
    lacking += [
        f"membership in {role['name']}, who owns the database or something in the set"
        for role in roles
        if role["exists"] and not role["is_member"]
    ]
    if any(not role["exists"] for role in roles) and not server["may_create_roles"]:
        lacking.append("the attribute CREATEROLE, because roles of the set are missing here")
    lacking += [f"being a superuser, to install the extension {name}" for name in needs_superuser]
    lacking += [f"the right to end the sessions of {one['login']}" for one in sessions if not one["may_be_ended"]]
    return lacking


def _rows(connection: Connection, name: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    text = files("schoolkeeper.connectors.postgres").joinpath(name).read_text(encoding="utf-8")
    return connection.execute(text.encode(), parameters).fetchall()


def _row(connection: Connection, name: str, parameters: dict[str, object]) -> dict[str, Any]:
    return next(iter(_rows(connection, name, parameters)), {})
