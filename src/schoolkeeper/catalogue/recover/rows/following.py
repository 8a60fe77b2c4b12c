"""Following foreign keys from the rows that are brought back: to those that refer to them, and the other way."""

from collections.abc import Callable, Sequence

from schoolkeeper.catalogue.recover.rows.comparing import Found, Pair, beside, touches
from schoolkeeper.catalogue.recover.rows.facts import Difference, Row
from schoolkeeper.catalogue.recover.rows.origins import Missing
from schoolkeeper.catalogue.recover.rows.sides import Side, Values, values_of
from schoolkeeper.catalogue.recover.rows.structure import Reference

PairOf = Callable[[str], Pair | None]


def add_dependents(found: Found, pair_of: PairOf, now: Side, saved: Side, earlier: Missing) -> None:
    """Note the rows of all tables that referred to a missing row when saved, and are missing too; and so on.

    Where such a row is there but its reference was emptied, the reference alone is noted. Rows that were missing
    `earlier` in this run count as missing. Raises TooMany.
    """
    references = saved.references()
    fresh = [*found.missing(), *_saved_rows(pair_of, saved, earlier)]
    seen: set[tuple[str, Values]] = set()
    while fresh:
        parents: dict[str, list[Row]] = {}
        for name, row in fresh:
            pair = pair_of(name)
            if pair is not None and (identity := (name, pair.key_of(row))) not in seen:
                seen.add(identity)
                parents.setdefault(name, []).append(row)
        start = len(found.differences)
        for reference in references:
            rows = parents.get(reference.parent, [])
            values = [one for row in rows if (one := _given(row, reference.parent_columns)) is not None]
            if values and (pair := pair_of(reference.table)) is not None:
                _add(found, pair, reference, values, now, saved)
        fresh = found.missing(start)


def _saved_rows(pair_of: PairOf, saved: Side, keys: Missing) -> list[tuple[str, Row]]:
    rows = []
    for name, values in keys.items():
        if (pair := pair_of(name)) is not None:
            facts = pair.facts
            rows += [(facts.name, row) for row in saved.matching(pair.saved, facts.written, facts.key, values)]
    return rows


def _given(row: Row, columns: Sequence[str]) -> Values | None:
    """The row's values where it has all of these columns: those that the database computes are not at hand."""
    return values_of(row, columns) if row.keys() >= set(columns) else None


def _add(
    found: Found, pair: Pair, reference: Reference, parents: Sequence[Values], now: Side, saved: Side
) -> None:
    rows = saved.matching(pair.saved, pair.facts.written, reference.columns, parents)
    columns = [column for column in reference.columns if column in pair.facts.compared]
    for row, live in beside(pair, rows, now):
        if live is None:
            found.add(pair, row, None, pair.facts.written)
        elif emptied := [column for column in columns if live[column] is None and row[column] is not None]:
            found.add(pair, row, live, emptied)


def set_order(found: Found, pair_of: PairOf, now: Side) -> None:
    """Write into each difference what comes before it, and what is in its way."""
    for reference in now.references():
        _set_parents(found, reference, now)
    for name in dict.fromkeys(one.table for one in found.differences):
        if (pair := pair_of(name)) is not None:
            for unique in pair.now.uniques:
                if set(unique.columns) != set(pair.facts.key):
                    _set_holders(found, pair, unique.name, unique.columns, now)


def _set_parents(found: Found, reference: Reference, now: Side) -> None:
    children = {
        position: values
        for position, one in enumerate(found.differences)
        if touches(one, reference) and (values := _given(found.wanted[position], reference.columns)) is not None
    }
    if not children:
        return
    coming = {
        _given(found.wanted[position], reference.parent_columns): position
        for position, one in enumerate(found.differences)
        if one.table == reference.parent and one.before is None
    }
    outside = [values for values in children.values() if values not in coming]
    parent = now.table(reference.parent)
    rows = now.matching(parent, reference.parent_columns, reference.parent_columns, outside) if parent else []
    there = {values_of(row, reference.parent_columns) for row in rows}
    for position, values in children.items():
        one = found.differences[position]
        if values in coming and coming[values] != position:
            _update(found, position, needs=[*one.needs, coming[values]])
        elif values not in coming and values not in there:
            _update(found, position, lacks=[*one.lacks, reference.parent])


def _set_holders(found: Found, pair: Pair, name: str, columns: Sequence[str], now: Side) -> None:
    """Where a unique value is taken by another row, that row must give it up first, or nothing can be done."""
    claims = {
        position: values
        for position, one in enumerate(found.differences)
        if one.table == pair.facts.name
        and set(columns) & one.after.keys()
        and (values := _given(found.wanted[position], columns)) is not None
    }
    rows = now.matching(pair.now, [*dict.fromkeys([*pair.facts.key, *columns])], columns, [*claims.values()])
    holders = {values_of(row, columns): pair.key_of(row) for row in rows}
    for position, values in claims.items():
        one, holder = found.differences[position], holders.get(values)
        if holder is None or holder == tuple(one.key.values()):
            continue
        other = found.place.get((one.table, holder))
        if other is not None and set(columns) & (found.differences[other].before or {}).keys():
            _update(found, position, waits=[*one.waits, other])
        else:
            _update(found, position, held=[*one.held, name])


def _update(found: Found, position: int, **changes: list[int] | list[str]) -> None:
    found.differences[position] = Difference.model_validate(
        {**found.differences[position].model_dump(), **changes}
    )
