"""Comparing saved rows with those of the running database: which are missing, and which have other values."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schoolkeeper.catalogue.recover.rows.facts import Difference, Row, TableFacts
from schoolkeeper.catalogue.recover.rows.sides import SavedSide, Side, Values
from schoolkeeper.catalogue.recover.rows.structure import Reference, Table
from schoolkeeper.kernel.canonical import digest

LARGEST_BYTES = 20_000_000
"""More text than this is not put into a plan that somebody is to read."""


class TooMany(Exception):
    """There are more differences than a run may bring back: `of` says more of what."""

    def __init__(self, of: str) -> None:
        super().__init__(of)
        self.of = of


@dataclass(frozen=True, slots=True)
class Pair:
    """A table on both sides: as it is now, as it was saved, and what follows from that."""

    now: Table
    saved: Table
    facts: TableFacts

    def key_of(self, row: Row) -> Values:
        return tuple(str(row[column]) for column in self.facts.key)


@dataclass(slots=True)
class Found:
    """The differences found so far, and for each the whole row as it will be. `row_limit` bounds them."""

    row_limit: int
    seal: str
    differences: list[Difference] = field(default_factory=list)
    wanted: list[Row] = field(default_factory=list)
    place: dict[tuple[str, Values], int] = field(default_factory=dict)
    size_bytes: int = 0

    def add(self, pair: Pair, row: Row, live: Row | None, columns: Sequence[str]) -> bool:
        """Note a row whose `columns` are to become what they were; False when it is noted already.

        Raises TooMany.
        """
        identity = (pair.facts.name, pair.key_of(row))
        if identity in self.place:
            return False
        after = {column: row[column] for column in columns}
        difference = Difference(
            table=pair.facts.name,
            key={column: str(row[column]) for column in pair.facts.key},
            before=None if live is None else {column: live[column] for column in columns},
            after=after,
            rest="" if live is None else rest_of(live, pair.facts.compared, columns, self.seal),
        )
        self.size_bytes += sum(len(value or "") for value in after.values())
        if len(self.differences) >= self.row_limit:
            raise TooMany("rows")
        if self.size_bytes > LARGEST_BYTES:
            raise TooMany("bytes")
        self.place[identity] = len(self.differences)
        self.differences.append(difference)
        self.wanted.append({**(live or {}), **after})
        return True

    def sort(self, tables: Sequence[str]) -> None:
        """Bring all into an order that does not depend on how they were found: these tables first, then by name
        and key."""
        rank = {name: place for place, name in enumerate(tables)}
        pairs = sorted(
            zip(self.differences, self.wanted, strict=True),
            key=lambda one: (rank.get(one[0].table, len(rank)), one[0].table, _natural(one[0].key.values())),
        )
        self.differences, self.wanted = [one for one, _ in pairs], [row for _, row in pairs]
        self.place = {(one.table, tuple(one.key.values())): place for place, one in enumerate(self.differences)}

    def missing(self, start: int = 0) -> list[tuple[str, Row]]:
        """The rows, with their tables, that are not there at all, from a position on."""
        found = zip(self.differences[start:], self.wanted[start:], strict=True)
        return [(one.table, row) for one, row in found if one.before is None]


def _natural(values: Iterable[str]) -> list[tuple[bool, int, str]]:
    """Whole numbers by their size, before all other texts."""
    return [
        (False, int(value), "") if re.fullmatch(r"-?[0-9]{1,40}", value) else (True, 0, value) for value in values
    ]


def rest_of(row: Row, compared: Iterable[str], without: Iterable[str], seal: str) -> str:
    """A digest of the columns that are compared and do not differ: enough to see that nobody changed them."""
    leave = set(without)
    return digest([seal, {column: row[column] for column in compared if column not in leave}])


def pair_of(now: Side, saved: Side, name: str, leave: Iterable[str], *, chosen: bool) -> Pair | TableFacts:
    """The table on both sides, or facts that say why there is nothing to be done to it."""
    here, there = now.table(name), saved.table(name)
    if here is None or there is None:
        where = "the database" if here is None else "the set"
        return TableFacts(name=name, chosen=chosen, refused=f"{where} has no such table")
    facts = _facts(here, there, set(leave), chosen=chosen)
    return facts if facts.refused else Pair(here, there, facts)


def _facts(now: Table, saved: Table, leave: set[str], *, chosen: bool) -> TableFacts:
    written = [name for name, one in now.columns.items() if name in saved.columns and not one.generated]
    compared = [name for name in written if name in now.key or name not in leave]
    reasons = [(name, _why_left(now, saved, name)) for name in now.columns if name not in compared]
    return TableFacts(
        name=now.name,
        in_schema=now.in_schema,
        relation=now.relation,
        partitioned=now.partitioned,
        chosen=chosen,
        key=list(now.key),
        compared=compared,
        written=written,
        left=[f"{name} ({why})" for name, why in reasons],
        triggers=list(now.triggers),
        refused="; ".join([*now.obstacles, *_changes(now, saved)]),
    )


def _why_left(now: Table, saved: Table, name: str) -> str:
    if now.columns[name].generated:
        return "computed by the database"
    return "as asked for" if name in saved.columns else "not in the set"


def _changes(now: Table, saved: Table) -> Iterable[str]:
    """What has changed about a table so that saved rows no longer fit."""
    if not now.key:
        yield "it has neither a primary key nor a unique index of columns that are never NULL"
    elif not any(set(one.columns) == set(now.key) and one.is_key for one in saved.uniques):
        yield f"its key ({', '.join(now.key)}) was not the key when the set was taken"
    for name, column in saved.columns.items():
        if name not in now.columns:
            yield f"its column {name} is gone"
        elif now.columns[name].type != column.type:
            yield f"its column {name} was {column.type} and is {now.columns[name].type}"
    for name, column in now.columns.items():
        if name not in saved.columns and column.required:
            yield f"its new column {name} needs a value that the set does not have"


def compare(found: Found, pair: Pair, now: Side, saved: SavedSide, where: str, what: str) -> int:
    """Note the rows that fulfil the condition and are not as they were; how many fulfil it.

    Raises TooMany and ConditionFailed.
    """
    facts, count = pair.facts, 0
    for batch in saved.chosen(pair.saved, facts.written, where):
        count += len(batch)
        for row, live in beside(pair, batch, now):
            if live is None:
                if what != "changed":
                    found.add(pair, row, None, facts.written)
            elif what != "deleted" and (differing := [one for one in facts.compared if row[one] != live[one]]):
                found.add(pair, row, live, differing)
    return count


def beside(pair: Pair, rows: Sequence[Row], now: Side) -> list[tuple[Row, Row | None]]:
    """Each saved row and what there is of it now."""
    keys = [pair.key_of(row) for row in rows]
    live = {pair.key_of(row): row for row in now.matching(pair.now, pair.facts.written, pair.facts.key, keys)}
    return [(row, live.get(key)) for row, key in zip(rows, keys, strict=True)]


def touches(difference: Difference, reference: Reference) -> bool:
    """Whether bringing this row back sets the columns of a foreign key."""
    return difference.table == reference.table and bool(set(reference.columns) & difference.after.keys())
