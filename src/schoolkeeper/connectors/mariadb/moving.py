"""Moving tables between databases, because a MariaDB database cannot be renamed.

All tables of both databases move in one RENAME TABLE, which happens at once or not at all; from 10.6 on that holds
for a crash of the server in the middle too. What an older server leaves half done is a beginning of the same list,
so the list is made anew from what is where, and carried out to its end. (Source: MariaDB's manual, "RENAME TABLE",
"Atomic DDL".)
"""

from collections.abc import Iterable, Sequence

from schoolkeeper.connectors.mariadb.session import MariadbConnection, query, quoted
from schoolkeeper.connectors.mariadb.target import tables_of

NAME_CHARACTERS = 64
# In databases of our own only: how to go back, for people.
SCRIPT = "schoolkeeper_script"

Move = tuple[str, str, str]


def beside(database: str, word: str, tag: str) -> str:
    """The name of a database beside another one, short enough for MariaDB."""
    ending = f"_{word}_{tag}"
    return database[: NAME_CHARACTERS - len(ending)] + ending


def tables(connection: MariadbConnection, database: str) -> list[str]:
    """The tables of a database that are not our own."""
    return [name for name in tables_of(connection, database) if name != SCRIPT]


def exchange(
    connection: MariadbConnection, live: str, *, old: Sequence[str], away: str, coming: str
) -> list[Move]:
    """What is left to move so that the `old` tables of `live` lie in `away` and those in `coming` are in `live`.

    While one of the old ones is not away, nothing has come yet: so what is in `live` then is old.
    """
    gone = set(tables(connection, away))
    out = [(name, live, away) for name in old if name not in gone]
    return [*out, *((name, coming, live) for name in tables(connection, coming))]


def exchange_back(
    connection: MariadbConnection, live: str, *, old: Sequence[str], away: str, coming: str
) -> list[Move]:
    """The same the other way, whatever users have made in `live` meanwhile."""
    kept = tables(connection, away)
    mine = [] if set(kept) != set(old) else tables(connection, live)
    return [*((name, live, coming) for name in mine), *((name, away, live) for name in kept)]


def move(connection: MariadbConnection, moves: Iterable[Move]) -> None:
    """Carry them all out at once."""
    if found := list(moves):
        query(connection, renaming(found))


def renaming(moves: Iterable[Move]) -> str:
    """As one statement."""
    clauses = (
        f"{quoted(source)}.{quoted(name)} TO {quoted(target)}.{quoted(name)}" for name, source, target in moves
    )
    return f"RENAME TABLE {', '.join(clauses)}"


def exists(connection: MariadbConnection, database: str) -> bool:
    return bool(query(connection, "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (database,)))


def create_database(connection: MariadbConnection, name: str, encoding: str, collate: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE IF NOT EXISTS {quoted(name)} CHARACTER SET %s COLLATE %s", (encoding, collate)
        )


def give_character_set(connection: MariadbConnection, name: str, encoding: str, collate: str) -> None:
    """What new tables and routines of a database are made with."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {quoted(name)} CHARACTER SET %s COLLATE %s", (encoding, collate))


def write_script(connection: MariadbConnection, database: str, lines: Iterable[str]) -> None:
    """Lay a text for the `mariadb` program into a database of our own."""
    table = f"{quoted(database)}.{quoted(SCRIPT)}"
    query(connection, f"CREATE OR REPLACE TABLE {table} (id INT PRIMARY KEY, line LONGTEXT) CHARSET utf8mb4")
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s)", list(enumerate(lines)))  # noqa: S608 - quoted
