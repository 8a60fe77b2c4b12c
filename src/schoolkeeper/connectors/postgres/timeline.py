"""What was committed when, by table: from a server's log, with the names that its catalogue has now.

The log knows files, not tables. A table gets a new file when it is emptied (TRUNCATE) or written anew (VACUUM
FULL, some ALTER TABLE), so files are followed to their tables through time, as far as that can be told.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from importlib.resources import files

from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.postgres.waldump import Record

TABLES = ("r", "m")
# Object ids of catalogues, the same in every PostgreSQL: pg_statistic, pg_statistic_ext_data, pg_type.
STATISTICS = (2619, 3429)
TYPES = 1247
TYPES_PER_TABLE = 2  # its row type and the array of it
RELATIONS = files("schoolkeeper.connectors.postgres").joinpath("relations.sql").read_text(encoding="utf-8")
DATABASE = "SELECT oid::bigint AS oid FROM pg_database WHERE datname = current_database()"
_ROW = re.compile(r"(INSERT|UPDATE|HOT_UPDATE|DELETE|MULTI_INSERT)(?:\+INIT)? (?:(?:ntuples: )?(\d+))?")
_FILE = re.compile(r"blkref #0: rel \d+/(\d+)/(\d+)")
_PATH = re.compile(r"\S*/(\d+)/(\d+)(?=[\s;]|$)")
_ENDED = re.compile(r"(COMMIT|ABORT)(?:_PREPARED (\d+):)? (\d{4}-\S+ \S+) UTC(.*)", re.DOTALL)
_POINT = "RESTORE_POINT "


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the catalogue, by the name that people see."""

    oid: int
    file: int
    kind: str
    is_catalogue: bool
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction did to one table, in rows. `emptied` is TRUNCATE, `dropped` is DROP TABLE."""

    table: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    _: KW_ONLY
    emptied: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """One that was committed. `definitions` tells that it changed definitions: tables, columns, functions."""

    xid: int
    committed_at: datetime
    lsn: int
    changes: tuple[Change, ...]
    definitions: bool

    @property
    def deleted(self) -> int:
        return sum(change.deleted for change in self.changes)

    @property
    def destroys_tables(self) -> bool:
        return any(change.emptied or change.dropped for change in self.changes)


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A place in the log that somebody gave a name; `after` is the last commit before it that was seen."""

    name: str
    lsn: int
    after: datetime | None


@dataclass(frozen=True, slots=True)
class End:
    """How a transaction ended: `inner` are its savepoints, `removed` are files by the object id of their database,
    and `keeps_relations` tells that nothing was dropped."""

    xid: int
    committed: bool
    at: datetime
    inner: frozenset[int]
    removed: list[tuple[int, int]]
    keeps_relations: bool


def end_of(record: Record) -> End | None:
    """The end of a transaction, if the record is one."""
    match = _ENDED.match(record.text) if record.manager == "Transaction" else None
    if match is None:
        return None
    parts = {head: tail for head, _, tail in (part.partition(": ") for part in match[4].split("; "))}
    return End(
        xid=int(match[2] or record.xid),
        committed=match[1] == "COMMIT",
        at=datetime.fromisoformat(match[3]).replace(tzinfo=UTC),
        inner=frozenset(int(xid) for xid in parts.get("subxacts", "").split()),
        removed=[(int(database), int(file)) for database, file in _PATH.findall(parts.get("rels", ""))],
        keeps_relations="dropped stats" not in parts,
    )


def restore_point_of(record: Record) -> str:
    """The name of a restore point, "" when the record is none."""
    is_one = record.manager == "XLOG" and record.text.startswith(_POINT)
    return record.text.removeprefix(_POINT).rstrip() if is_one else ""


@dataclass
class _Open:
    """A transaction, or a part of one, of which the end was not seen yet."""

    rows: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    made: list[int] = field(default_factory=list)
    types: int = 0

    def add(self, other: "_Open") -> None:
        for file, counts in other.rows.items():
            self.rows[file] = [a + b for a, b in zip(self.rows[file], counts, strict=True)]
        self.made += other.made
        self.types += other.types


@dataclass(frozen=True, slots=True)
class _Committed:
    xid: int
    at: datetime
    lsn: int
    work: _Open
    removed: list[int]
    keeps_relations: bool


class Gathering:
    """Takes the records of a log in their order, of one database; tells afterwards what was committed."""

    def __init__(self, database_oid: int, relations: Iterable[Relation]) -> None:
        self._database = database_oid
        self._relations = {one.file: one for one in relations}
        self._by_oid = {one.oid: one for one in self._relations.values()}
        self._types = next((one.file for one in self._relations.values() if one.oid == TYPES), TYPES)
        self._open: dict[int, _Open] = defaultdict(_Open)
        self._committed: list[_Committed] = []
        self.restore_points: list[RestorePoint] = []
        self.last_commit: datetime | None = None

    def take(self, record: Record) -> None:
        match record.manager:
            case "Heap" | "Heap2":
                self._row(record)
            case "Storage":
                path = _PATH.search(record.text) if record.text.startswith("CREATE") else None
                if path is not None and int(path[1]) == self._database:
                    self._open[record.xid].made.append(int(path[2]))
            case "Transaction":
                self._end(record)
            case "XLOG" if name := restore_point_of(record):
                self.restore_points.append(RestorePoint(name, record.lsn, self.last_commit))

    def transactions(self) -> list[Transaction]:
        """Those that changed something of the database, in the order of their commits."""
        names = _Names(self._relations, self._by_oid, self._committed)
        told = (self._told(one, names) for one in self._committed)
        return [one for one in told if one.changes or one.definitions]

    def _row(self, record: Record) -> None:
        verb, place = _ROW.match(record.text), _FILE.search(record.text)
        if verb is None or place is None or int(place[1]) != self._database:
            return
        work, file = self._open[record.xid], int(place[2])
        if verb[1] == "MULTI_INSERT":
            work.rows[file][0] += int(verb[2])
        else:
            work.rows[file][{"INSERT": 0, "UPDATE": 1, "HOT_UPDATE": 1, "DELETE": 2}[verb[1]]] += 1
        if file == self._types:
            work.types += {"INSERT": 1, "DELETE": -1}.get(verb[1], 0)

    def _end(self, record: Record) -> None:
        end = end_of(record)
        if end is None:
            return
        work = self._open.pop(end.xid, _Open())
        for inner in end.inner:
            work.add(self._open.pop(inner, _Open()))
        if not end.committed:
            return
        self.last_commit = end.at
        removed = [file for database, file in end.removed if database == self._database]
        if work.rows or removed:
            one = _Committed(end.xid, end.at, record.lsn, work, removed, end.keeps_relations)
            self._committed.append(one)

    def _told(self, one: _Committed, names: "_Names") -> Transaction:
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        definitions = False
        for file, rows in one.work.rows.items():
            relation = names.relation(file)
            if relation is not None and relation.is_catalogue:
                definitions = definitions or (relation.kind == "r" and relation.oid not in STATISTICS)
            elif any(rows) and (relation is None or relation.kind in TABLES):
                name = relation.name if relation else _unknown(file)
                counts[name] = [a + b for a, b in zip(counts[name], rows, strict=True)]
        emptied = set(names.emptied(one))
        changes = [Change(name, *counts[name], emptied=name in emptied) for name in counts.keys() | emptied]
        changes += [Change(name, dropped=True) for name in names.dropped(one)]
        return Transaction(one.xid, one.at, one.lsn, tuple(sorted(changes, key=_by_name)), definitions)


class _Names:
    """From files to relations, at any time of the log."""

    def __init__(
        self, now: Mapping[int, Relation], by_oid: Mapping[int, Relation], committed: Sequence[_Committed]
    ) -> None:
        self._found = dict(now)
        self._by_oid = by_oid
        self._with_rows = {file for one in committed for file in one.work.rows}
        for one in reversed(committed):
            for old, new in self._replaced(one):
                self._learn(old, self.relation(new))
        for one in committed:
            for old, new in self._replaced(one):
                self._learn(new, self.relation(old))

    def relation(self, file: int) -> Relation | None:
        """Until it is written anew for the first time, the file of a relation has the number of its oid."""
        return self._found.get(file) or self._by_oid.get(file)

    def _learn(self, file: int, relation: Relation | None) -> None:
        if relation is not None:
            self._found.setdefault(file, relation)

    def emptied(self, one: _Committed) -> Iterator[str]:
        """The tables that a TRUNCATE gave new files."""
        if one.keeps_relations:
            for old, new in self._replaced(one):
                relation = self.relation(new)
                if relation is None and old in self._with_rows:
                    yield _unknown(new)
                elif relation is not None and relation.kind in TABLES and not relation.is_catalogue:
                    yield relation.name

    def dropped(self, one: _Committed) -> Iterator[str]:
        """The tables that are gone. Of a file that no row was seen of, nobody knows whether it was a table's; but
        PostgreSQL removes the file of a single table first."""
        number = -one.work.types // TYPES_PER_TABLE if one.removed else 0
        gone = [file for file in one.removed if self.relation(file) is None]
        known = [file for file in gone if file in self._with_rows][:number]
        if number == 1 and not known:
            known = gone[:1]
        yield from (_unknown(file) for file in known)
        if number > len(known):
            yield f"{number - len(known)} unknown tables"

    def _replaced(self, one: _Committed) -> list[tuple[int, int]]:
        """Old and new files of the same relations. TRUNCATE and REINDEX replace each file by one, and PostgreSQL
        tells the old ones in reverse order. What is written anew otherwise passes through a table that is dropped:
        then only the file of a single table can be told."""
        if one.keeps_relations and len(one.work.made) == len(one.removed):
            return list(zip(reversed(one.removed), one.work.made, strict=True))
        old = [file for file in one.removed if file in self._with_rows]
        new = [file for file in one.work.made if self._is_table(file)]
        return [(old[0], new[0])] if len(old) == len(new) == 1 else []

    def _is_table(self, file: int) -> bool:
        relation = self.relation(file)
        return relation is not None and relation.kind in TABLES


def gathering_for(look: PostgresLook) -> Gathering:
    """For the log of a database, with the names that it has now. Raises Unreachable."""
    relations = [Relation(**row) for row in look.rows(RELATIONS)]
    return Gathering(look.row(DATABASE)["oid"], relations)


def _unknown(file: int) -> str:
    return f"unknown table {file}"


def _by_name(change: Change) -> str:
    return change.table
