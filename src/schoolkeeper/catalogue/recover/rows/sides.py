"""The two sides of a comparison: the restored copy and the running database, asked in the same way."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from schoolkeeper.catalogue.recover.rows.facts import Row
from schoolkeeper.catalogue.recover.rows.structure import Reference, Table

Values = tuple[str, ...]


class ConditionFailed(Exception):
    """The database does not accept the condition; the message is the kind of error, since texts may quote rows."""


class Side(Protocol):
    """A database that rows are read from. All values are texts as the database writes them."""

    def table(self, name: str) -> Table | None:
        """The table of this name, None when there is none."""

    def references(self) -> list[Reference]:
        """Every foreign key."""

    def matching(
        self, table: Table, columns: Sequence[str], by: Sequence[str], values: Sequence[Values]
    ) -> list[Row]:
        """These columns of the rows whose columns `by` have one of the values; in order of the key."""


class SavedSide(Side, Protocol):
    """The restored copy."""

    def chosen(self, table: Table, columns: Sequence[str], where: str) -> Iterator[list[Row]]:
        """The rows that fulfil a condition, some thousand at a time, by key; raises ConditionFailed."""


def values_of(row: Row, columns: Sequence[str]) -> Values | None:
    """The row's values in these columns; None where one of them is NULL, which is equal to nothing."""
    values = tuple(value for column in columns if (value := row[column]) is not None)
    return values if len(values) == len(columns) else None
