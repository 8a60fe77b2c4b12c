"""The way back as a text that a person can give to the `mariadb` program, once a recovery's run is forgotten."""

from collections.abc import Iterator

from schoolkeeper.connectors.mariadb import code, moving, privileges
from schoolkeeper.connectors.mariadb.memory import Memory
from schoolkeeper.connectors.mariadb.session import MariadbConnection, quoted

WORD = "given_up"


def script(connection: MariadbConnection, database: str, before: str, memory: Memory) -> Iterator[str]:
    """What users see now goes into a database of its own, and what was there before comes back.

    The session is in `database`, whose code is the set's by now.
    """
    given_up = before.replace("_before_", f"_{WORD}_", 1)[: moving.NAME_CHARACTERS]
    live = quoted(database)
    yield f"CREATE DATABASE {quoted(given_up)};"
    yield f"USE {live};"
    yield from (f"{one.dropping()};" for one in code.read(connection))
    yield from (f"DROP EVENT IF EXISTS {quoted(name)};" for name in sorted(memory.events))
    moves = [(name, database, given_up) for name in moving.tables(connection, database)]
    moves += [(name, before, database) for name in memory.old_tables]
    if moves:
        yield f"{moving.renaming(moves)};"
    yield f"ALTER DATABASE {live} CHARACTER SET {memory.old_encoding} COLLATE {memory.old_collate};"
    yield from code.script(one for one in memory.old_code if one.kind != code.VIEW)
    yield from (f"{privileges.statement(one)};" for one in memory.old_grants)
    yield from code.script(one for one in memory.old_code if one.kind == code.VIEW)
