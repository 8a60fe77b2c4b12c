"""How tables are made: what the comparison and the order of writing depend on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is spelled in full; `required` means that a row must give a value, for there is no default."""

    name: str
    type: str
    generated: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique index over whole columns of all rows; `is_key` when none of them can be NULL."""

    name: str
    is_key: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`obstacles` say why this table's rows cannot be brought back one by one."""

    name: str
    in_schema: str
    relation: str
    partitioned: bool
    columns: dict[str, Column]
    uniques: tuple[Unique, ...]
    triggers: tuple[str, ...]
    obstacles: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key, else another unique index of columns that are never NULL; () without."""
        return next((one.columns for one in self.uniques if one.is_key), ())


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: `columns` of `table` refer to `parent_columns` of `parent`."""

    name: str
    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
