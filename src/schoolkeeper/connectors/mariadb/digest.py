"""A number for the content of a table that does not depend on the order of its rows.

Each row is written as one text that no other row can have, of which MD5 is taken; the table's number is the *sum*
of the first 64 bits of its rows' sums, as a decimal that cannot overflow. The reasons:

* A sum, not an XOR: two equal rows would cancel each other.
* MD5, not CRC32, which is four times as fast: a CRC is linear, so rows that exchange a value can go unnoticed.
* Strings as hexadecimal digits of their own bytes, whatever their character set: nothing is converted, and a comma
  or a NULL cannot be mistaken for content. Long ones as an MD5 of their own, because a row with several would
  outgrow `max_allowed_packet`, and the server then gives NULL. Should a row be NULL nevertheless, it is counted as
  `unread`.
* FLOAT with the six digits that the server writes, because a dump carries no more. Every logical dump of MariaDB
  rounds FLOAT so (measured: 93.333336 comes back as 93.3333); see `imprecise`. DOUBLE is written exactly.

It protects against damage, not against somebody who constructs a collision; a set's SHA-256 sums and encryption
do that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schoolkeeper.connectors.mariadb.session import quoted

# Their texts have no comma, are never empty, and differ whenever the value does.
PLAIN = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"}
    | {"date", "time", "datetime", "timestamp"}
)
LONG = frozenset(
    {"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"}
    | {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection", "vector"}
)
SHORT_CHARACTERS = 255

# What the text of a value depends on, besides the value.
SESSION: Mapping[str, object] = MappingProxyType(
    {
        "sql_mode": "",
        "time_zone": "+00:00",
        "max_statement_time": 0,
        "lock_wait_timeout": 60,
        "net_write_timeout": 3600,
        "wait_timeout": 7 * 86400,
        "idle_transaction_timeout": 0,
        "idle_readonly_transaction_timeout": 0,
        "sql_select_limit": 2**64 - 1,
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the name of its type without length, and how many characters it holds, if it is a string."""

    name: str
    type: str
    characters: int


def content_query(table: str, columns: Iterable[Column], *, history: bool = False) -> str:
    """A query with one row (rows, digest, unread) for a table, or for all that it ever held."""
    rows = quoted(table) + (" FOR SYSTEM_TIME ALL" if history else "")
    row = f"CONCAT_WS(',', {', '.join(map(_term, columns))})"
    number = f"CAST(CONV(LEFT(MD5({row}), 16), 16, 10) AS UNSIGNED)"
    return (
        f"SELECT COUNT(*) AS `rows`, CAST(COALESCE(SUM({number}), 0) AS CHAR) AS digest,"  # noqa: S608 - quoted
        f" COUNT(*) - COUNT({row}) AS unread FROM {rows} AS t"
    )


def _term(column: Column) -> str:
    name = f"t.{quoted(column.name)}"
    if column.type in PLAIN:
        return f"IFNULL({name}, '')"
    if column.type in LONG or column.characters > SHORT_CHARACTERS:
        return f"IFNULL(MD5({name}), '-')"
    return f"IFNULL(HEX({name}), '-')"
