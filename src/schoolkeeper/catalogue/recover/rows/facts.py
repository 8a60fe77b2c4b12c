"""What `recover.rows` sees: rows by their keys, values as the database itself writes them."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from schoolkeeper.kernel.facts import Facts

Row = dict[str, str | None]


class TableFacts(Facts):
    """A table that rows are brought back to. `name` is the full name, quoted where it must be; `in_schema` and
    `relation` are its parts as they are.

    `compared` are the columns that count, the key among them; `written` are those that a row brought back gets;
    `left` says which others are left alone, and why. `refused` says why nothing is done to this table. `chosen`
    is False for tables that only dependents are in.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"saved_rows"})

    name: str
    in_schema: str = ""
    relation: str = ""
    partitioned: bool = False
    chosen: bool = True
    key: list[str] = Field(default_factory=list)
    compared: list[str] = Field(default_factory=list)
    written: list[str] = Field(default_factory=list)
    left: list[str] = Field(default_factory=list)
    triggers: list[str] = Field(default_factory=list)
    refused: str = ""
    saved_rows: int = 0


class Difference(Facts):
    """A row of the set that is not in the database as it was saved.

    `before` is None for a row that is missing, else the columns that differ, as they are now; `after` are all
    columns of a missing row, else those that differ, as they were saved; `rest` is a digest of the compared
    columns that do not differ. `needs` are the positions (in the list of differences) of missing rows that this
    one refers to, `waits` those of rows that must give up a unique value first. `lacks` are tables where a row
    that this one refers to is missing for good, `held` the unique indexes where another row is in its place.
    """

    table: str
    key: dict[str, str]
    before: Row | None
    after: Row
    rest: str = ""
    needs: list[int] = Field(default_factory=list)
    waits: list[int] = Field(default_factory=list)
    lacks: list[str] = Field(default_factory=list)
    held: list[str] = Field(default_factory=list)


class RowsFacts(Facts):
    """`set` is the set that rows come from ("" when there is none). `seal` is the SHA-256 of its dump: it binds an
    approval to the content, and since only a set's key opens it, no digest in the ledger can be guessed from.

    `unusable` says why the set does not give its database back, `condition_fault` why the condition cannot be
    applied. `over` tells that there were more differences than a run brings back; they are not listed then.
    `broken` are the profile's assertions that do not hold now, with the number of rows (-1: its query failed).
    `beside` are rows of other tables, by table, that triggers have changed during this run.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"broken", "beside"})

    set: str = ""
    taken_at: datetime | None = None
    seal: str = ""
    unusable: str = ""
    condition_fault: str = ""
    over: Literal["", "rows", "bytes"] = ""
    tables: list[TableFacts] = Field(default_factory=list)
    differences: list[Difference] = Field(default_factory=list)
    broken: dict[str, int] = Field(default_factory=dict)
    beside: dict[str, int] = Field(default_factory=dict)

    def table(self, name: str) -> TableFacts:
        return next(table for table in self.tables if table.name == name)

    @property
    def obstacle(self) -> bool:
        """Whether something is in the way of all of it."""
        refused = any(table.refused for table in self.tables if table.chosen)
        return bool(self.unusable or self.condition_fault or self.over or refused)
