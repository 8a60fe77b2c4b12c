"""Deleting rows that were brought back, without taking anything along that somebody else has added."""

from collections.abc import Mapping, Sequence
from typing import Any

from schoolkeeper.catalogue.recover.rows.change import RowChange
from schoolkeeper.catalogue.recover.rows.postgres_reading import quoted
from schoolkeeper.catalogue.recover.rows.postgres_session import XID_BITS, Session, escaped, matches, place, query
from schoolkeeper.kernel.errors import Permanent

Reference = Mapping[str, Any]
DELETE = "r{number} AS (DELETE FROM {table} WHERE {where} RETURNING 1)"
RELEASE = """WITH gone AS (DELETE FROM {table} AS c WHERE {refers} AND c.xmin::text = ANY (%s) RETURNING 1)
SELECT count(*) FROM gone"""
OTHERS = """SELECT count(*) AS count FROM {table} AS g JOIN {child} AS c ON {joined}
 WHERE {refers} AND c.xmin::text = ANY (%s) AND g.xmin::text <> ALL (%s)"""
LEFT = "SELECT count(*) AS count FROM {table} AS c WHERE {refers}"


def delete_all(here: Session, rows: Sequence[RowChange]) -> None:
    """Delete these rows, which are locked. Raises Permanent when a row of somebody else refers to one of them.

    Rows that a trigger added in answer to a step of this run, such as to a list of changes, go with them.
    """
    references = here.ask(query("references.sql"))
    for row in rows:
        for reference in references:
            if reference["parent"] == row.table and set(reference["parent_columns"]) <= row.after.keys():
                _release(here, row, reference, references, rows)
    here.write_as_the_erp()
    parts, values = [], list[object]()
    for number, row in enumerate(rows):
        where, key = matches(row.key)
        parts.append(DELETE.format(number=number, table=place(row), where=where))
        values += key
    done = here.together(parts, values)
    if done != len(rows):
        raise Permanent(
            f"{done} rows were deleted instead of {len(rows)}; a trigger must have stopped the others."
        )


def _release(
    here: Session,
    row: RowChange,
    reference: Reference,
    references: Sequence[Reference],
    together: Sequence[RowChange],
) -> None:
    """Remove what refers to the row and came from a trigger in this run; nothing else may refer to either."""
    child = reference["table"]
    refers = " AND ".join(f"c.{escaped(quoted(name))} = %s" for name in reference["columns"])
    values: list[object] = [row.after[name] for name in reference["parent_columns"]]
    for other in together:
        if other.table == child:
            where, key = matches(other.key, "c")
            refers += f" AND NOT ({where})"
            values += key
    from_triggers = [
        str(entry.transaction % 2**XID_BITS)
        for entry in here.entries
        if (counts := entry.beside.get(child)) and counts[0] and not counts[1]
    ]
    for further in references:
        if further["parent"] == child:
            on = zip(further["columns"], further["parent_columns"], strict=True)
            joined = " AND ".join(f"g.{escaped(quoted(mine))} = c.{escaped(quoted(its))}" for mine, its in on)
            asked = OTHERS.format(
                table=escaped(further["table"]), child=escaped(child), joined=joined, refers=refers
            )
            if here.ask(asked, [*values, from_triggers, from_triggers])[0]["count"]:
                raise Permanent(f"Rows of {further['table']} refer to what a trigger added; it is left there.")
    here.ask(RELEASE.format(table=escaped(child), refers=refers), [*values, from_triggers])
    left = here.ask(LEFT.format(table=escaped(child), refers=refers), values)[0]["count"]
    if left:
        raise Permanent(f"{left} rows of {child} refer to a row that was brought back; it is left there.")
