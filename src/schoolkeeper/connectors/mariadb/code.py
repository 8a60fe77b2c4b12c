"""What a database holds besides tables, as statements that make it again: triggers, views, routines, events.

Each is kept as its author wrote it, with what else its meaning depends on: the SQL mode, the character sets and
the time zone that it was made with.
"""

from collections.abc import Iterable, Iterator, Sequence

import pymysql
from pymysql.charset import charset_by_name

from schoolkeeper.connectors.mariadb.session import CHARSET, MariadbConnection, Row, query, quoted
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.facts import Facts

LIST = """
SELECT 'TRIGGER' AS kind, trigger_name AS name FROM (
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order
      FROM information_schema.triggers WHERE trigger_schema = DATABASE()
     ORDER BY event_object_table, action_timing, event_manipulation, action_order LIMIT 18446744073709551615) AS t
UNION ALL SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION ALL SELECT 'VIEW', table_name FROM information_schema.views WHERE table_schema = DATABASE()
UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE()
"""
STATEMENT = ("sql original statement", "create view", "create event")
VIEW = "VIEW"
DELIMITER = "$$keeper$$"  # the program takes up to 15 characters


class Code(Facts):
    """One object. `statement` makes it in the database that the session is in."""

    kind: str
    name: str
    statement: str
    sql_mode: str | None = None
    client: str = CHARSET
    collation: str = ""
    time_zone: str | None = None

    def dropping(self) -> str:
        return f"DROP {self.kind} IF EXISTS {quoted(self.name)}"


def read(connection: MariadbConnection) -> list[Code]:
    """All code of the session's database, each view after those that it may need. Raises Permanent where the
    account may not see a text."""
    found = [_read(connection, str(row["kind"]), str(row["name"])) for row in query(connection, LIST)]
    return [*(one for one in found if one.kind != VIEW), *_in_order([one for one in found if one.kind == VIEW])]


def _in_order(views: list[Code]) -> Iterator[Code]:
    waiting = views
    while waiting:
        ready = [
            one
            for one in waiting
            if not any(quoted(other.name) in one.statement for other in waiting if other is not one)
        ] or waiting  # columns may be called like views
        yield from ready
        waiting = [one for one in waiting if one not in ready]


def _read(connection: MariadbConnection, kind: str, name: str) -> Code:
    row = query(connection, f"SHOW CREATE {kind} {quoted(name)}")[0]
    statement = _statement(row, kind)
    if not statement:
        raise Permanent(f"the account may not read the text of the {kind.lower()} {name}")
    return Code(
        kind=kind,
        name=name,
        statement=statement,
        sql_mode=row.get("sql_mode"),
        client=row["character_set_client"],
        collation=row["collation_connection"],
        time_zone=row.get("time_zone"),
    )


def _statement(row: Row, kind: str) -> str:
    names = (*STATEMENT, f"create {kind.lower()}")
    return next((str(row[name]) for name in names if row.get(name)), "")


def drop(connection: MariadbConnection, kinds: Sequence[str] = ()) -> None:
    """Remove all code of the session's database, or that of some kinds."""
    for row in query(connection, LIST):
        if not kinds or row["kind"] in kinds:
            query(connection, f"DROP {row['kind']} IF EXISTS {quoted(str(row['name']))}")


def make(connection: MariadbConnection, found: Iterable[Code]) -> list[Code]:
    """Make each in the session's database; those that the server refuses, such as views of tables that are gone.

    Views may need each other, so they are tried again for as long as that helps.
    """
    waiting = list(found)
    while waiting:
        refused = [one for one in waiting if not _make(connection, one)]
        if len(refused) == len(waiting):
            break
        waiting = refused
    return waiting


def _make(connection: MariadbConnection, one: Code) -> bool:
    """In the character set of its author, as which the server keeps the text."""
    settings = {"sql_mode": one.sql_mode, "time_zone": one.time_zone, "collation_connection": one.collation}
    with connection.cursor() as cursor:
        for name, value in settings.items():
            if value is not None:
                cursor.execute(f"SET SESSION {name} = %s", (value,))
        cursor.execute("SET SESSION character_set_client = %s", (one.client,))
        try:
            charset = charset_by_name(one.client)
            connection.query(one.statement.encode(charset.encoding if charset else "utf-8"))
            return True
        except (pymysql.Error, UnicodeEncodeError):
            return False
        finally:
            cursor.execute(f"SET NAMES {CHARSET}")
            cursor.execute("SET SESSION sql_mode = DEFAULT, time_zone = DEFAULT")


def script(found: Iterable[Code]) -> Iterator[str]:
    """The same as text for the `mariadb` program."""
    for one in found:
        settings = {"sql_mode": one.sql_mode, "time_zone": one.time_zone}
        for name, value in settings.items():
            if value is not None:
                yield f"SET SESSION {name} = '{value}';"
        yield f"DELIMITER {DELIMITER}\n{one.statement}\n{DELIMITER}\nDELIMITER ;"
