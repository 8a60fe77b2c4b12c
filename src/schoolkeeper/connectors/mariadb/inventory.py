"""The definitions of everything in a database besides its rows, from the server's `information_schema`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schoolkeeper.connectors.databases.contents import Objects
from schoolkeeper.connectors.mariadb.session import MariadbConnection, Row, query, quoted

_CODE = ("sql_mode", "character_set_client", "collation_connection", "database_collation")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: the view that lists it, what makes its name, and what defines it.

    Objects that take several rows (the columns of an index) are defined by all of them in `order`. A field that
    this release's view does not have is left out.
    """

    name: str
    source: str
    schema: str
    named_by: tuple[str, ...]
    defined_by: tuple[str, ...]
    where: str = "TRUE"
    order: str = "1"


KINDS = (
    Kind(
        "database", "schemata", "schema_name", (), ("default_character_set_name", "default_collation_name")
    ),
    # Counters, sizes and times are left out; AUTO_INCREMENT is among the sequences.
    Kind(
        "table", "tables", "table_schema", ("table_name",),
        ("table_type", "engine", "row_format", "table_collation", "create_options", "table_comment"),
        "table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')",
    ),
    Kind(
        "column", "columns", "table_schema", ("table_name", "column_name"),
        ("ordinal_position", "column_type", "is_nullable", "column_default", "character_set_name",
         "collation_name", "extra", "generation_expression", "column_comment"),
        "table_name NOT IN (SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE')",
    ),
    Kind(
        "index", "statistics", "table_schema", ("table_name", "index_name"),
        ("non_unique", "column_name", "expression", "collation", "sub_part", "index_type", "ignored",
         "index_comment"),
        order="seq_in_index",
    ),
    Kind(
        "foreign key",
        "(SELECT k.*, r.match_option, r.update_rule, r.delete_rule FROM information_schema.key_column_usage AS k"
        " JOIN information_schema.referential_constraints AS r ON r.constraint_schema = k.constraint_schema"
        " AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name"
        " WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL) AS x",
        "table_schema", ("table_name", "constraint_name"),
        ("column_name", "referenced_table_schema", "referenced_table_name", "referenced_column_name",
         "match_option", "update_rule", "delete_rule"),
        order="ordinal_position",
    ),
    Kind(
        "check", "check_constraints", "constraint_schema", ("table_name", "constraint_name"),
        ("level", "check_clause"),
    ),
    Kind(
        "partition", "partitions", "table_schema", ("table_name", "partition_name", "subpartition_name"),
        ("partition_ordinal_position", "subpartition_ordinal_position", "partition_method",
         "subpartition_method", "partition_expression", "subpartition_expression", "partition_description",
         "partition_comment"),
        "partition_name IS NOT NULL",
    ),
    Kind(
        "view", "views", "table_schema", ("table_name",),
        ("view_definition", "algorithm", "check_option", "definer", "security_type", "character_set_client",
         "collation_connection"),
    ),
    Kind(
        "trigger", "triggers", "trigger_schema", ("trigger_name",),
        ("event_object_table", "action_timing", "event_manipulation", "action_order", "action_statement",
         "definer", *_CODE),
    ),
    Kind(
        "routine", "routines", "routine_schema", ("routine_type", "routine_name"),
        ("dtd_identifier", "routine_definition", "is_deterministic", "sql_data_access", "security_type",
         "routine_comment", "definer", *_CODE),
    ),
    Kind(
        "parameter", "parameters", "specific_schema", ("routine_type", "specific_name", "ordinal_position"),
        ("parameter_mode", "parameter_name", "dtd_identifier", "character_set_name", "collation_name"),
    ),
    Kind(
        "event", "events", "event_schema", ("event_name",),
        ("event_type", "execute_at", "interval_value", "interval_field", "starts", "ends", "status",
         "on_completion", "time_zone", "event_definition", "event_comment", "definer", *_CODE),
    ),
)  # fmt: skip
SEQUENCES = (
    "SELECT table_name AS name FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE' ORDER BY 1"
)
_SEQUENCE = ("start_value", "minimum_value", "maximum_value", "increment", "cache_size", "cycle_option")


def objects(connection: MariadbConnection) -> Objects:
    """Every object's definition by kind and name; raises pymysql.Error."""
    found = {kind.name: _collect(kind, query(connection, _statement(kind))) for kind in KINDS}
    found["sequence"] = {
        name: _text(_SEQUENCE, query(connection, f"SELECT * FROM {quoted(name)}")[0])  # noqa: S608 - quoted
        for name in sequence_names(connection)
    }
    return {kind: named for kind, named in found.items() if named}


def sequence_names(connection: MariadbConnection) -> list[str]:
    """Sequences of their own, which only MariaDB has."""
    return [str(row["name"]) for row in query(connection, SEQUENCES)]


def _statement(kind: Kind) -> str:
    source = kind.source if kind.source.startswith("(") else f"information_schema.{kind.source}"
    # All columns: which there are differs between releases.
    return f"SELECT * FROM {source} WHERE {kind.schema} = DATABASE() AND ({kind.where}) ORDER BY {kind.order}"  # noqa: S608


def _collect(kind: Kind, rows: Iterable[Row]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(_name(kind, row), []).append(_text(kind.defined_by, row))
    return {name: "\n".join(parts) for name, parts in sorted(found.items())}


def _name(kind: Kind, row: Row) -> str:
    parts = [str(row[field]) for field in kind.named_by if row.get(field) is not None]
    return ".".join(part if part.replace("_", "").replace("$", "").isalnum() else quoted(part) for part in parts)


def _text(fields: Sequence[str], row: Row) -> str:
    return "; ".join(f"{field}={_value(field, row)}" for field in fields if row.get(field) is not None)


def _value(field: str, row: Row) -> object:
    """Without the default that SHOW CREATE TABLE, and so a dump, writes out for Aria: only a copy names it."""
    if field != "create_options":
        return row[field]
    return f" {row[field]} ".replace(" page_checksum=1 ", " ").strip()
