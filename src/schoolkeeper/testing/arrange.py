"""Real targets for a task's tests."""

import hashlib
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from schoolkeeper.connectors.system import System
from schoolkeeper.profiles.model import Profile

NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"


def secret_file(folder: Path, name: str, value: str) -> str:
    """A reference to a secret kept in a file of the test's folder."""
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return f"file:{path}"


def system_on(
    folder: Path,
    *,
    database: str | None = None,
    components: dict[str, Any] | None = None,
    unreachable: dict[str, Any] | None = None,
    profile: Profile | None = None,
) -> dict[str, Any]:
    """The `system`, `unreachable` and `profile` of a Subject.

    `database` is the address of a PostgreSQL database; `components` are further definitions by name, and
    `unreachable` the same with their targets gone.
    """
    here, gone = dict(components or {}), dict(unreachable or {})
    if database is not None:
        here["database"] = {"kind": "postgres", "dsn": secret_file(folder, "dsn", database)}
        gone["database"] = {"kind": "postgres", "dsn": secret_file(folder, "nowhere", NOWHERE)}
    common = {"slug": "test-college", "name": "Test College", "profile": "test", "environment": "scratch"}
    return {
        "system": System.model_validate({**common, "components": here}),
        "unreachable": System.model_validate({**common, "components": gone}),
        "profile": profile or Profile(slug="test", title="Test ERP"),
    }


def content_of(dsn: str) -> str:
    """A digest of every row of every table in the schema `public`."""
    total = hashlib.sha256()
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t")
            row = connection.execute(query.format(sql.Identifier(table))).fetchone()
            total.update(f"{table}={row}".encode())
    return total.hexdigest()
