"""A number for the content of a table that does not depend on the order of its rows.

Every column gives a 64-bit term that also depends on the column's position; a row is the XOR of its terms, put
through PostgreSQL's hash function once more; a table is the *sum* of its rows, as a numeric that cannot
overflow. The reasons:

* A sum, not an XOR, over the rows: two equal rows would cancel each other in an XOR.
* Hashing the row before summing: a plain sum of terms would not notice two rows exchanging one column's values.
* `hashint4extended(position, value)` for whole numbers: the value is the 64-bit seed, of which nothing is lost,
  whereas `hashint8extended(value, seed)` folds it to 32 bits. Timestamps are folded so, hence one altered
  timestamp among random ones would be missed once in 4 · 10⁹; everything else once in about 10¹⁹.
* Hash functions of the column's own type where equal hashes mean equal texts, because writing the text of each
  row costs three times as much (measured on 9 million rows: 3.6 s against 12.4 s). All other types are hashed as
  text: `numeric` without a declared scale (1.0 and 1.00 have one hash), floats (0 and -0), intervals, JSON,
  arrays, enums (hashed by object id, which a restore changes) and everything that extensions bring.

PostgreSQL keeps these functions the same between versions, because hash indexes survive pg_upgrade and rows are
placed into hash partitions by them (source: manual, "Table Partitioning", "pg_upgrade"). They protect against
damage, not against somebody who constructs a collision; a set's SHA-256 sums and encryption do that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from psycopg import sql

INTEGERS = frozenset({"smallint", "integer", "bigint"})
TIMESTAMPS = frozenset({"timestamp without time zone", "timestamp with time zone"})
TEXTS = frozenset({"text", "character varying"})
# Types whose own hash differs whenever the text differs.
EXACT = frozenset({"boolean", "date", "time without time zone", "uuid", "bytea", "oid", "inet", "cidr", "macaddr"})

# What the text of a value depends on, besides the value. An empty search path shows names in full.
SESSION: Mapping[str, str] = MappingProxyType(
    {
        "DateStyle": "ISO,YMD",
        "IntervalStyle": "postgres",
        "TimeZone": "UTC",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        "lc_monetary": "C",
        "quote_all_identifiers": "off",
        "search_path": "pg_catalog",
        "row_security": "off",  # an error instead of silently fewer rows, as pg_dump has it
        "client_encoding": "UTF8",
        "max_parallel_workers_per_gather": "0",
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` is its name without modifier, `has_scale` whether a numeric declares one."""

    name: str
    type: str
    has_scale: bool


def content_query(schema: str, table: str, columns: Iterable[Column]) -> sql.Composed:
    """A query with one row (rows, digest) for a table; partitions and children are tables of their own."""
    terms: list[sql.Composable] = []
    exact: list[sql.Composable] = []
    for position, column in enumerate(columns, 1):
        if column.type in EXACT or (column.type == "numeric" and column.has_scale):
            exact.append(sql.SQL("t.{}").format(sql.Identifier(column.name)))
        else:
            terms.append(_term(column, position))
    if exact:
        terms.append(sql.SQL("hash_record_extended(ROW({}), -1)").format(sql.SQL(", ").join(exact)))
    row = sql.SQL(" # ").join(terms) if terms else sql.SQL("0::bigint")
    return sql.SQL(
        "SELECT count(*) AS rows, coalesce(sum(hashint4extended(0, {row})), 0)::text AS digest"
        " FROM ONLY {table} AS t"
    ).format(row=row, table=sql.Identifier(schema, table))


def _term(column: Column, position: int) -> sql.Composed:
    if column.type in INTEGERS:
        how = "hashint4extended({position}, t.{name})"
    elif column.type in TIMESTAMPS:
        how = "timestamp_hash_extended(t.{name}::timestamp, {position})"
    elif column.type in TEXTS:
        how = 'hashtextextended(t.{name} COLLATE "C", {position})'
    else:
        how = 'hashtextextended(t.{name}::text COLLATE "C", {position})'
    # A column that is NULL gives a number that no value of a real table is likely to have.
    return sql.SQL("coalesce(" + how + ", {null})").format(
        position=sql.Literal(position),
        name=sql.Identifier(column.name),
        null=sql.Literal(-0x5DEECE66D * position),
    )


# The text of a large object is not known to SQL; md5 of its bytes is, and its number belongs to it.
LARGE_OBJECTS = """
SELECT count(*) AS rows, coalesce(sum(hashtextextended(md5(lo_get(oid)), oid::bigint)), 0)::text AS digest
  FROM pg_largeobject_metadata
"""
