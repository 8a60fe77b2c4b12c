"""What matters of a database server besides the one database."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource, TableContent
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.kernel.errors import Permanent

TABLESPACES = """
SELECT spcname::text AS name FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1
"""
SIZE = "SELECT sum(pg_database_size(oid))::bigint AS size_bytes FROM pg_database"
# To look at a target before anybody knows what will be put there.
NOTHING_NEEDED = DatabaseContents(
    source=DatabaseSource(
        system_identifier=None, database="", server_version="", server_major=0, encoding="", collate="", ctype=""
    ),
    snapshot="",
    taken_at=datetime(1970, 1, 1, tzinfo=UTC),
    tables={},
    large_objects=TableContent(rows=0, digest="0"),
    objects={},
    sequences={},
    roles=[],
    settings=[],
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`server_bytes` is the size of all databases; None when we may not ask."""

    tablespaces: list[str]
    server_bytes: int | None


def surroundings(administration: Administration) -> Surroundings:
    """Look around on the server. Raises Unreachable."""
    with administration.working() as connection:
        names = [str(row["name"]) for row in connection.execute(TABLESPACES).fetchall()]
    try:
        with administration.working() as connection:
            row = connection.execute(SIZE).fetchone()
    except Permanent:
        return Surroundings(names, None)
    return Surroundings(names, int(row["size_bytes"]) if row else None)
