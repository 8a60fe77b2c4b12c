"""Bringing rows back in PostgreSQL, and taking that back. Each is one transaction, and may be repeated."""

import re
from collections.abc import Mapping, Sequence

from schoolkeeper.catalogue.recover.rows.change import Change, RowChange
from schoolkeeper.catalogue.recover.rows.journal import Counts, Journal, Written
from schoolkeeper.catalogue.recover.rows.postgres_reading import quoted
from schoolkeeper.catalogue.recover.rows.postgres_session import (
    Session,
    escaped,
    matches,
    place,
    query,
    session,
)
from schoolkeeper.catalogue.recover.rows.postgres_undoing import delete_all
from schoolkeeper.connectors.postgres.act import PostgresAct
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

INSERT = "r{number} AS (INSERT INTO {target} OVERRIDING SYSTEM VALUE VALUES ({values}) RETURNING 1)"
UPDATE = "UPDATE {table} SET {values} WHERE {where}"
STATE = "SELECT last_value, is_called FROM {sequence}"


def bring_back(database: PostgresAct, journal: Journal, change: Change) -> Mapping[str, object]:
    """Write the rows that are not there yet. Raises Permanent when one is no longer as it was approved."""
    journal.begin()
    with session(database, journal) as here:
        todo = [row for row in change.rows if _must_be_written(here, row)]
        if not todo:
            return {"rows": 0}
        transaction = here.id()
        inserted = [row for row in todo if row.before is None]
        _advance_sequences(here, inserted)
        here.write_as_the_erp()
        if inserted:
            _insert(here, inserted)
        for row in todo:
            if row.before is not None:
                _update(here, row, row.after)
        here.run("SET CONSTRAINTS ALL IMMEDIATE")
        here.read_exactly()
        _require_written(here, todo)
        beside = here.beside(todo)
        _require_triggers(here, todo, beside)
        failpoint("recover.rows.written")
        journal.add(Written(change.step, "do", transaction, beside))
        failpoint("recover.rows.noted")
    return {"rows": len(todo), "beside": {name: sum(counts) for name, counts in beside.items()}}


def take_back(database: PostgresAct, journal: Journal, change: Change) -> Mapping[str, object]:
    """Put back what was there. Leaves rows alone that this step has not written, and raises Permanent for those
    that somebody else has changed since."""
    with session(database, journal) as here:
        todo = [row for row in change.rows if _must_be_taken_back(here, journal, change.step, row)]
        if not todo:
            return {"rows": 0}
        transaction = here.id()
        inserted = [row for row in todo if row.before is None]
        if inserted:
            delete_all(here, inserted)
        here.write_as_the_erp()
        for row in todo:
            if row.before is not None:
                _update(here, row, row.before)
        here.run("SET CONSTRAINTS ALL IMMEDIATE")
        here.read_exactly()
        beside = here.beside(todo)
        failpoint("recover.rows.taken_back")
        if journal.begun:
            journal.add(Written(change.step, "undo", transaction, beside))
    return {"rows": len(todo), "beside": {name: sum(counts) for name, counts in beside.items()}}


def _must_be_written(here: Session, row: RowChange) -> bool:
    live, written_by = here.live(row)
    if row.is_as_after(live):
        return False
    if row.is_as_before(live):
        return True
    if written_by in here.ours:  # by a trigger of the ERP, in answer to another step of this run
        return row.before is not None
    raise Permanent(
        f"A row of {row.table} was changed meanwhile: what was approved no longer fits. Nothing was done."
    )


def _must_be_taken_back(here: Session, journal: Journal, step: str, row: RowChange) -> bool:
    live, written_by = here.live(row)
    if row.is_as_before(live):
        return False
    if not journal.begun:
        return row.is_as_after(live)
    if not here.happened(step):
        return False
    if live is not None and (row.is_as_after(live) or written_by in here.ours):
        return True
    raise Permanent(f"A row of {row.table} was changed since it was brought back; it is left as it is now.")


def _insert(here: Session, rows: Sequence[RowChange]) -> None:
    """All in one statement, because foreign keys are checked at its end: so rows may refer to each other."""
    parts, values = [], list[object]()
    for number, row in enumerate(rows):
        names = ", ".join(quoted(name) for name in row.after)
        marks = ", ".join(["%s"] * len(row.after))
        target = escaped(f"{quoted(row.in_schema, row.relation)} ({names})")
        parts.append(INSERT.format(number=number, target=target, values=marks))
        values += row.after.values()
    done = here.together(parts, values)
    if done != len(rows):
        raise Permanent(
            f"{done} rows were written instead of {len(rows)}; a trigger must have stopped the others."
        )


def _update(here: Session, row: RowChange, values: Mapping[str, str | None]) -> None:
    names = ", ".join(f"{escaped(quoted(name))} = %s" for name in values)
    where, key = matches(row.key)
    done = here.run(UPDATE.format(table=place(row), values=names, where=where), [*values.values(), *key])
    if done != 1:
        raise Permanent(f"{done} rows of {row.table} were written instead of 1; a trigger must have stopped it.")


def _require_written(here: Session, rows: Sequence[RowChange]) -> None:
    for row in rows:
        live, _ = here.live(row)
        if not row.is_as_after(live):
            columns = ", ".join(row.altered(live)) or "the row"
            raise Permanent(
                f"A trigger of {row.table} altered {columns} while the row was written. Name such columns under "
                "`leave`, if they need not be as they were. Nothing was done."
            )


def _require_triggers(here: Session, rows: Sequence[RowChange], beside: Counts) -> None:
    """Other rows may change only where the ERP itself has asked for that."""
    tables = {row.table for row in rows}
    if beside and not any(here.has_triggers(table) for table in tables):
        raise Permanent(f"It would change rows of {', '.join(sorted(beside))} as well. Nothing was done.")


def _advance_sequences(here: Session, rows: Sequence[RowChange]) -> None:
    """No sequence may give a number again that comes back now. Forward only, and never while others insert:
    between looking and setting, a sequence could be set back."""
    for table in dict.fromkeys(row.table for row in rows):
        for one in here.ask(query("sequences.sql"), {"table": table}):
            given = [row.after.get(one["column"]) or "" for row in rows if row.table == table]
            values = [int(value) for value in given if re.fullmatch(r"-?[0-9]+", value)]
            farthest = (max if one["ascends"] else min)(values, default=None)
            if farthest is not None and _is_behind(here, one["sequence"], farthest, ascends=one["ascends"]):
                here.run(f"LOCK TABLE {escaped(table)} IN SHARE ROW EXCLUSIVE MODE")
                if _is_behind(here, one["sequence"], farthest, ascends=one["ascends"]):
                    here.ask("SELECT setval(%s::regclass, %s)", [one["sequence"], farthest])


def _is_behind(here: Session, sequence: str, value: int, *, ascends: bool) -> bool:
    """Whether the sequence has yet to give this number."""
    state = here.ask(STATE.format(sequence=escaped(sequence)))[0]
    ahead = value - state["last_value"] if ascends else state["last_value"] - value
    return bool(ahead > 0 or (ahead == 0 and not state["is_called"]))
