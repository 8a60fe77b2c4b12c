"""What a person should know about the rows that are to come back, without any of their values."""

from collections import Counter
from collections.abc import Iterator

from schoolkeeper.catalogue.recover.rows.facts import RowsFacts, TableFacts
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.ordering import impossible
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
ANOTHER_SET = "Name another set with the option `set`."


def verdicts(facts: RowsFacts, options: RowsOptions) -> Iterator[Verdict]:
    if not options.tables:
        says = "No table was named, so there is nothing to look for."
        yield "nothing_chosen", Level.ERROR, says, "", "Name the tables with the option `tables`, as schema.table."
    if not facts.set:
        says = (
            f"There is no backup set {options.set}." if options.set else "There is no backup set of this system."
        )
        yield "no_set", Level.ERROR, says, options.set, "`backup.verify` lists the sets that there are."
    elif facts.unusable:
        yield "unusable_set", Level.ERROR, f"The set does not help: {facts.unusable}.", facts.set, ANOTHER_SET
    else:
        yield from _obstacles(facts, options)
        if not facts.obstacle and facts.tables:
            yield from _rows(facts, options)


def _obstacles(facts: RowsFacts, options: RowsOptions) -> Iterator[Verdict]:
    for table in facts.tables:
        if table.refused and table.chosen:
            says = f"Rows of {table.name} cannot be brought back one by one: {table.refused}."
            hint = "Nothing is done at all; leave this table out, or restore the set elsewhere and copy by hand."
            yield "table_refused", Level.ERROR, says, table.name, hint
    if facts.condition_fault:
        says = f"The condition cannot be applied to the saved rows ({facts.condition_fault})."
        hint = "Use columns that every chosen table had when the set was taken."
        yield "bad_condition", Level.ERROR, says, "", hint
    if facts.over:
        limit = f"{options.row_limit:,} rows" if facts.over == "rows" else "20 MB of values"
        says = f"More than {limit} would have to be brought back; nothing is done."
        hint = "Choose fewer rows with a condition, or restore the whole system if so much is wrong."
        yield "too_many", Level.ERROR, says, "", hint


def _rows(facts: RowsFacts, options: RowsOptions) -> Iterator[Verdict]:
    if not facts.differences:
        looked_at = sum(table.saved_rows for table in facts.tables)
        says = f"Nothing is to be brought back: the set has {looked_at:,} such rows, and so has the database."
        taken = f"{facts.taken_at:%Y-%m-%d %H:%M} UTC"
        hint = f"If they were lost before the set was taken ({taken}), name an earlier one."
        yield "nothing_differs", Level.INFO, says, "", hint
    kinds = Counter((one.table, one.before is None) for one in facts.differences)
    for (table, missing), count in kinds.items():
        if missing:
            yield (
                "missing",
                Level.WARNING,
                f"Rows of the set that are missing: {count:,}.",
                table,
                "Approve the plan.",
            )
        else:
            yield "changed", Level.WARNING, f"Rows that are not as saved: {count:,}.", table, "Approve the plan."
    yield from _in_the_way(facts)
    for one in facts.tables:
        yield from _about(one, facts)
    for name, count in facts.beside.items():
        says = f"Rows that triggers of the ERP changed in answer to this run: {count:,}."
        yield "side_effects", Level.INFO, says, name, "Look at a few of them in the ERP."


def _in_the_way(facts: RowsFacts) -> Iterator[Verdict]:
    out = impossible(facts.differences)
    lacking = Counter(
        (facts.differences[one].table, parent) for one in out for parent in facts.differences[one].lacks
    )
    held = Counter((facts.differences[one].table, index) for one in out for index in facts.differences[one].held)
    for (table, parent), count in lacking.items():
        says = f"Rows that cannot come back, because rows of {parent} that they refer to are missing: {count:,}."
        yield "parent_missing", Level.WARNING, says, table, f"Choose the table {parent} as well."
    for (table, index), count in held.items():
        says = (
            f"Rows that cannot come back, because others have their values of the unique index {index}: {count:,}."
        )
        yield "in_the_way", Level.WARNING, says, table, "Compare both with the people who entered them."
    others = Counter(
        one.table for position in out if not (one := facts.differences[position]).lacks and not one.held
    )
    for table, count in others.items():
        says = f"Rows that cannot come back, because what has to come first cannot: {count:,}."
        yield "waiting", Level.WARNING, says, table, "Deal with those first, then run this task again."


def _about(table: TableFacts, facts: RowsFacts) -> Iterator[Verdict]:
    if table.refused:
        if not table.chosen:
            says = f"Rows that depend on those brought back may be missing here: {table.refused}."
            yield "dependents_left", Level.WARNING, says, table.name, "Look for them in a restored copy."
        return
    if not any(one.table == table.name for one in facts.differences):
        return
    if table.left:
        says = f"These columns are not compared: {', '.join(table.left)}."
        yield "left_alone", Level.INFO, says, table.name, ""
    if table.triggers:
        says = f"Triggers of the ERP answer to each row: {', '.join(table.triggers)}."
        yield "triggers", Level.INFO, says, table.name, "They may change other rows; the run tells how many."
