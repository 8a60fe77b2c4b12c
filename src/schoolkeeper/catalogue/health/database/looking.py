"""Asks the database; statements lose their values and times their zone here, before they become facts."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from schoolkeeper.catalogue.health.database.facts import (
    Age,
    Blocked,
    Counters,
    DatabaseFacts,
    InvalidIndex,
    Prepared,
    Replica,
    Sequence,
    Server,
    Session,
    Slot,
    Standby,
    TableRows,
)
from schoolkeeper.catalogue.health.database.statement import shape_of
from schoolkeeper.connectors.postgres.look import PostgresLook

STATEMENTS = ("statement", "waiting_statement", "blocking_statement")


def _fit(name: str, value: Any) -> Any:
    """A value as facts may hold it; PostgreSQL answers with times in the zone of the session."""
    if name in STATEMENTS:
        return shape_of(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def asker(database: PostgresLook) -> Callable[[str], list[dict[str, Any]]]:
    """A function from the name of a query to its rows."""

    def ask(query: str) -> list[dict[str, Any]]:
        text = files(__package__).joinpath("queries", f"{query}.sql").read_text(encoding="utf-8")
        return [{name: _fit(name, value) for name, value in row.items()} for row in database.rows(text)]

    return ask


def look_at(database: PostgresLook) -> DatabaseFacts:
    """All facts, in one transaction. Raises Unreachable."""
    ask = asker(database)
    return DatabaseFacts(
        server=Server(**ask("server")[0]),
        counters=Counters(**ask("counters")[0]),
        sessions=[Session(**row) for row in ask("sessions")],
        blocked=[Blocked(**row) for row in ask("blocked")],
        prepared=[Prepared(**row) for row in ask("prepared")],
        ages=[Age(**row) for row in ask("wraparound")],
        standby=Standby(**ask("standby")[0]),
        replicas=[Replica(**row) for row in ask("replicas")],
        slots=[Slot(**row) for row in ask("slots")],
        sequences=[Sequence(**row) for row in ask("sequences")],
        indexes=[InvalidIndex(**row) for row in ask("indexes")],
        tables=[TableRows(**row) for row in ask("tables")],
    )
