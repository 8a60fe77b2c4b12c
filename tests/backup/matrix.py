"""Which engine keeps which database of which version: what is tested here, and what does not exist."""

from dataclasses import dataclass

ENGINES = ("archive", "restic", "pgbackrest", "barman")
SERVERS = ("postgres-15", "postgres-16", "postgres-18", "mariadb-10.11", "sqlite-3")

NOT_MADE_FOR = {
    ("pgbackrest", "postgres-16"): "Debian's pgBackRest 2.45 supports PostgreSQL up to 15",
    ("pgbackrest", "postgres-18"): "Debian's pgBackRest 2.45 supports PostgreSQL up to 15",
    **{
        (engine, server): "it copies PostgreSQL servers only"
        for engine in ("pgbackrest", "barman")
        for server in ("mariadb-10.11", "sqlite-3")
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix."""

    engine: str
    server: str

    def __str__(self) -> str:
        return f"{self.engine}-{self.server}"


CASES = tuple(
    Case(engine, server) for engine in ENGINES for server in SERVERS if (engine, server) not in NOT_MADE_FOR
)
