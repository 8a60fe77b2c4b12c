"""One transaction in PostgreSQL that writes rows: what it sees, what it writes, and what else it changed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

from schoolkeeper.catalogue.recover.rows.change import RowChange
from schoolkeeper.catalogue.recover.rows.facts import Row
from schoolkeeper.catalogue.recover.rows.journal import Counts, Journal
from schoolkeeper.catalogue.recover.rows.postgres_reading import quoted, source
from schoolkeeper.connectors.postgres.act import PostgresAct
from schoolkeeper.connectors.postgres.digest import SESSION
from schoolkeeper.kernel.errors import Permanent, Temporary

# Triggers of the ERP see these as the ERP's own sessions do; the others only say how values are read and written.
OF_THE_ERP = ("search_path", "TimeZone", "row_security")
XID_BITS = 32
TOGETHER = "WITH {parts} SELECT {counts} AS count"
COUNT = "(SELECT count(*) FROM r{number})"
LIVE = "SELECT {columns}, xmin::text AS {writer} FROM {table} WHERE {where} FOR UPDATE"
WRITER = "schoolkeeper.xmin"
SIDE_EFFECTS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
       sum(s.n_tup_ins)::bigint AS inserted,
       sum(s.n_tup_upd)::bigint AS updated,
       sum(s.n_tup_del)::bigint AS deleted
  FROM pg_stat_xact_user_tables AS s
  JOIN pg_class AS c ON c.oid = coalesce(pg_partition_root(s.relid), s.relid)
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
 GROUP BY 1
"""


class Session:
    """One open transaction. Its errors quote no values, because texts of errors reach the ledger."""

    def __init__(self, cursor: psycopg.Cursor[dict[str, Any]], journal: Journal) -> None:
        self._cursor = cursor
        self.entries = journal.entries()
        self._statuses: dict[int, str | None] = {}
        self._before: Counts = {}
        self.read_exactly()
        self._before = self._changes()

    def ask(self, query: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[dict[str, Any]]:
        return self._cursor.execute(query.encode(), values).fetchall()

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        return self._cursor.execute(statement.encode(), values).rowcount

    def together(self, parts: Sequence[str], values: Sequence[object]) -> int:
        """Run statements, written as `r0 AS (… RETURNING 1)` and so on, as one; how many rows they touched."""
        counts = " + ".join(COUNT.format(number=number) for number in range(len(parts)))
        return int(self.ask(TOGETHER.format(parts=", ".join(parts), counts=counts), values)[0]["count"])

    # What there is

    def read_exactly(self) -> None:
        """From here on values are written and read as they are in the facts."""
        settings = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SESSION.items())
        self.ask(f"SELECT {settings}")

    def write_as_the_erp(self) -> None:
        for name in OF_THE_ERP:
            self.run(f"SET LOCAL {name} TO DEFAULT")

    def live(self, row: RowChange) -> tuple[Row | None, int]:
        """The row as it is now, locked, and the transaction that wrote it."""
        columns = ", ".join(f"{quoted(name)}::text AS {quoted(name)}" for name in row.looked_at)
        where, values = matches(row.key)
        query = LIVE.format(columns=escaped(columns), writer=quoted(WRITER), table=place(row), where=where)
        found = self.ask(query, values)
        if not found:
            return None, 0
        written_by = int(found[0].pop(WRITER))
        return found[0], written_by

    # What was written before

    @property
    def ours(self) -> set[int]:
        """The transactions of this run, numbered as rows show them."""
        return {entry.transaction % 2**XID_BITS for entry in self.entries}

    def happened(self, step: str) -> bool:
        """Whether the step was done and not taken back. Raises Temporary while the database has not finished."""
        verb = ""
        for entry in self.entries:
            if entry.step == step and self._status(entry.transaction) != "aborted":
                if self._status(entry.transaction) == "in progress":
                    raise Temporary("The database has not finished an earlier attempt.", delay_seconds=1)
                verb = entry.verb
        return verb == "do"

    def _status(self, transaction: int) -> str | None:
        if transaction not in self._statuses:
            self._statuses[transaction] = self.ask(
                "SELECT pg_xact_status(%s::xid8) AS status", [str(transaction)]
            )[0]["status"]
        return self._statuses[transaction]

    # What it changes

    def id(self) -> int:
        return int(self.ask("SELECT pg_current_xact_id()::text AS id")[0]["id"])

    def beside(self, rows: Sequence[RowChange]) -> Counts:
        """How many rows this transaction changed besides these, by table."""
        counts = {
            name: tuple(
                now - before for now, before in zip(changes, self._before.get(name, (0, 0, 0)), strict=True)
            )
            for name, changes in self._changes().items()
        }
        for row in rows:
            inserted, updated, deleted = counts.get(row.table, (0, 0, 0))
            own = [
                row.before is None and inserted > 0,
                row.before is not None,
                row.before is None and not inserted,
            ]
            counts[row.table] = (inserted - own[0], updated - own[1], deleted - own[2])
        return {name: (one[0], one[1], one[2]) for name, one in counts.items() if any(one)}

    def _changes(self) -> Counts:
        return {one["name"]: (one["inserted"], one["updated"], one["deleted"]) for one in self.ask(SIDE_EFFECTS)}

    def has_triggers(self, table: str) -> bool:
        query = """SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal
          AND tgenabled IN ('O', 'A')) AS has"""
        return bool(self.ask(query, [table])[0]["has"])


@contextmanager
def session(database: PostgresAct, journal: Journal) -> Iterator[Session]:
    """A transaction: all of it happens, or none. Raises Permanent for what the database refuses."""
    with database.transaction() as cursor:
        try:
            yield Session(cursor, journal)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise  # the connection or a lock: the connector knows what that means
        except psycopg.Error as error:
            about = error.diag.constraint_name or error.diag.table_name or ""
            raise Permanent(f"The database refused it ({type(error).__name__}{about and f': {about}'}).") from None


def matches(key: Mapping[str, str], table: str = "") -> tuple[str, list[object]]:
    """A condition that names one row, and its parameters."""
    names = [escaped(f"{table and quoted(table) + '.'}{quoted(name)}") for name in key]
    return " AND ".join(f"{name} = %s" for name in names), list(key.values())


def place(row: RowChange) -> str:
    """The table, in a statement with parameters."""
    return escaped(source(row.in_schema, row.relation, partitioned=row.partitioned))


def escaped(text: str) -> str:
    return text.replace("%", "%%")


@cache
def query(name: str) -> str:
    """A query of this task by its file."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
