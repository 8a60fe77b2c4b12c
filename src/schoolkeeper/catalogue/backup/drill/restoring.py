"""Restoring the database of a set into the scratch server."""

from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.catalogue.backup.drill.facts import Fault
from schoolkeeper.catalogue.backup.drill.opening import Unusable, pour, read
from schoolkeeper.catalogue.backup.drill.scratch import RESTORED, Rehearsal
from schoolkeeper.catalogue.backup.drill.settling import settle
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.contents import DatabaseContents, DatabaseSource
from schoolkeeper.kernel.failpoints import failpoint

JOBS = 2
Found = tuple[dict[str, int], list[Fault]]


def contents_of(rehearsal: Rehearsal) -> DatabaseContents:
    """What the database held when it was saved. Raises Unusable."""
    database = rehearsal.manifest.database
    return read(rehearsal.store, rehearsal.set_id, database.contents, database.contents_digest, DatabaseContents)


def prepare(rehearsal: Rehearsal) -> Found:
    """Make the scratch server's data folder."""
    with rehearsal.server():
        return {}, []


def restore(rehearsal: Rehearsal) -> Found:
    """Bring the database back; `restored` counts 1 when that succeeded. Starts over when it was interrupted."""
    try:
        contents = contents_of(rehearsal)
        with rehearsal.dump.open("wb") as file:
            pour(rehearsal.store, rehearsal.set_id, rehearsal.manifest.database.dump, file)
        failpoint("backup.drill.restore.opened")
        with rehearsal.server() as server:
            faults = _restore_into(server, contents, rehearsal)
    except Unusable as error:
        faults = [error.fault]
    finally:
        rehearsal.dump.unlink(missing_ok=True)
    return {"restored": int(not any(fault.level == "error" for fault in faults))}, faults


def _restore_into(server: Cluster, contents: DatabaseContents, rehearsal: Rehearsal) -> list[Fault]:
    with server.connect() as connection:
        if missing := _missing_extensions(connection, contents):
            return [Fault(code="extension_missing", subject=name) for name in missing]
        _create_roles(connection, contents.roles)
        faults = _create_database(connection, contents.source)
    failpoint("backup.drill.restore.loading")
    said = tools.run(
        server.dsn(RESTORED),
        tools.for_dump(max(contents.source.server_major, int(rehearsal.manifest.database.pg_dump.split(".")[0]))),
        "pg_restore",
        ["--exit-on-error", f"--jobs={JOBS}", "--no-tablespaces", "--no-subscriptions", str(rehearsal.dump)],
    )
    if said:
        return [*faults, Fault(code="restore_failed", subject=contents.source.database, found=_without_rows(said))]
    # Only now: a time limit or a search path of the application must not reach the restore.
    with server.connect() as connection:
        return faults + settle(connection, RESTORED, contents.settings)


def _without_rows(said: str) -> str:
    """Only the lines that name the fault: the others may quote rows, and so people."""
    lines = [line for line in said.splitlines() if "error:" in line and "COPY" not in line.partition("error:")[0]]
    return " ".join(lines) or "pg_restore ended with an error"


def _missing_extensions(connection: psycopg.Connection[Any], contents: DatabaseContents) -> list[str]:
    available = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions").fetchall()}
    return sorted(set(contents.objects.get("extension", {})) - available)


def _create_roles(connection: psycopg.Connection[Any], names: list[str]) -> None:
    have = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for name in names:
        if name not in have:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def _create_database(connection: psycopg.Connection[Any], source: DatabaseSource) -> list[Fault]:
    """An empty database in the source's encoding and, where this machine has it, its locale."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(RESTORED)))
    locale = {"collate": source.collate, "ctype": source.ctype}
    try:
        create_database(connection, RESTORED, encoding=source.encoding, **locale)
    except psycopg.Error:
        create_database(connection, RESTORED, encoding=source.encoding, collate="C", ctype="C")
        return [
            Fault(code="schema_differs", subject="locale", expected=source.collate, found="C", level="warning")
        ]
    return []
