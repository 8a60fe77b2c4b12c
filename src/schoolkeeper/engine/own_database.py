"""Whether a run would work on the very database that it is recorded in, in a way that may destroy what is there.

The worker would lose its own records in the middle of the change, and those of all other systems' runs with them.
The system is told by where its database is, not by its name: another installation's records are a system like any
other.
"""

from collections.abc import Iterator

import psycopg
from django.conf import settings
from django.db import connection

from schoolkeeper.connectors.databases.kinds import DATABASE_KINDS
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.session import connect, parsed
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.spec import Risk, Spec

LOCAL = ("", "localhost", "::1")
IDENTITY = """
SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier::text FROM pg_control_system()) END AS server,
       current_database()::text AS database
"""


def replaces_own(spec: Spec, system: System, *, ask: bool) -> str | None:
    """Why this task on this system must not be carried out by the engine, or None.

    Addresses are compared; with `ask` also who the servers say they are, because one database may have several
    addresses. One that does not answer is not ours: ours does.
    """
    if spec.risk < Risk.DESTRUCTIVE or not spec.writable & DATABASE_KINDS:
        return None
    if not any(_is_own(name, one, ask=ask) for name, one in _databases(system)) and not _holds_own(spec, system):
        return None
    return (
        f"{spec.id} on {system.slug} would work on the very database in which Schoolkeeper keeps its runs: its "
        "worker would lose its records in the middle of the change. Stop Schoolkeeper, then type on its machine: "
        f"schoolkeeper rescue {spec.id} DEFINITION.toml (docs/recovery.md, Schoolkeeper itself is lost)."
    )


def _databases(system: System) -> Iterator[tuple[str, PostgresComponent]]:
    for name, one in system.components.items():
        if isinstance(one, PostgresComponent):
            yield name, one


def _is_own(name: str, component: PostgresComponent, *, ask: bool) -> bool:
    try:
        dsn = resolve(component.dsn, name)
        there = parsed(dsn)
    except (Unreachable, ValueError):
        return False
    here = connection.settings_dict
    own = (_host(here["HOST"]), str(here["PORT"] or "5432"), here["NAME"])
    host = there.get("hostaddr") or there.get("host")
    if own == (_host(host), str(there.get("port") or "5432"), there.get("dbname") or there.get("user")):
        return True
    if not ask or (identity := _identity_of(name, dsn)) is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(IDENTITY)
        return bool(identity == cursor.fetchone())


def _host(host: object) -> str:
    return "127.0.0.1" if (text := str(host or "")) in LOCAL or text.startswith("/") else text


def _identity_of(name: str, dsn: str) -> tuple[str, str] | None:
    try:
        with connect(name, dsn) as there:
            row = there.execute(IDENTITY).fetchone()
    except (psycopg.Error, Unreachable):
        return None
    return (row["server"], row["database"]) if row and row["server"] else None


def _holds_own(spec: Spec, system: System) -> bool:
    """Whether a folder that the task may replace is, or holds, the data folder of our embedded server."""
    if "files" not in spec.writable:
        return False
    data = (settings.SCHOOLKEEPER_HOME / "postgres").resolve()
    folders = (one.path.resolve() for one in system.components.values() if isinstance(one, FilesComponent))
    return any(data == folder or data.is_relative_to(folder) for folder in folders)
