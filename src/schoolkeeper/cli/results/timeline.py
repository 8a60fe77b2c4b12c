"""What was committed when, from the log that pgBackRest or Barman keep: to find the moment to go back to."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.barman.look import BarmanLook
from schoolkeeper.connectors.engines.choosing import physical_engine
from schoolkeeper.connectors.engines.log_search import between, reaches
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.pgbackrest.look import PgbackrestLook
from schoolkeeper.connectors.engines.protocol import PhysicalLook
from schoolkeeper.connectors.local_time import read_time, shown
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.postgres.timeline import Change, Transaction, gathering_for
from schoolkeeper.connectors.postgres.tools import for_dump
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Invalid

DATABASE = "database"
DEFAULT_SPAN = timedelta(hours=24)
MAJOR = "SELECT current_setting('server_version_num')::int / 10000 AS major"
SHOWN = 10
MINUTES_SHOWN = 60
TASK = "recover.point_in_time"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times are UTC; `timezone` is the system's, in which people see them. `archived_until` is None for no log."""

    system: str
    timezone: str
    since: datetime
    until: datetime
    archived_until: datetime | None
    transactions: tuple[Transaction, ...]
    restore_points: tuple[str, ...]


def found(
    system: System, now: datetime, *, since: str = "", until: str = "", table: str = "", engine: str = ""
) -> Timeline:
    """Read the log of a span of time, of the last 24 hours if none is said.

    Raises Invalid for times and tables that make no sense, Unreachable, Permanent when the log is damaged.
    """
    end = read_time(until, system.timezone) if until else now
    begin = read_time(since, system.timezone) if since else end - DEFAULT_SPAN
    if begin >= end:
        raise Invalid(
            "--from, --to", [f"{shown(begin, system.timezone)} is not before {shown(end, system.timezone)}"]
        )
    database = system.components.get(DATABASE)
    if not isinstance(database, PostgresComponent):
        raise Invalid(system.slug, ["a timeline is read from the log of a PostgreSQL server, and it has none"])
    with PostgresLook(DATABASE, database) as look, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the tool's account passes through
        gathering = gathering_for(look)
        log = ArchivedLog(_engine(system, engine), for_dump(look.row(MAJOR)["major"]), Path(folder))
        committed = between(log, gathering, begin, end)
    points = [one.name for one in gathering.restore_points if one.after and begin <= one.after <= end]
    return Timeline(
        system=system.slug,
        timezone=system.timezone,
        since=begin.astimezone(UTC),
        until=end.astimezone(UTC),
        archived_until=reaches(log.segments),
        transactions=tuple(_of_table(committed, table) if table else committed),
        restore_points=tuple(points),
    )


def _engine(system: System, wanted: str) -> PhysicalLook:
    name, reason = physical_engine(system, wanted, "backups")
    match system.components.get(name):
        case PgbackrestComponent() as component:
            return PgbackrestLook(name, component)
        case BarmanComponent() as component:
            return BarmanLook(name, component)
        case _:
            raise Invalid(system.slug, [reason])


def _of_table(transactions: Iterable[Transaction], table: str) -> list[Transaction]:
    name = table if "." in table else f"public.{table}"
    kept = (
        replace(one, changes=tuple(change for change in one.changes if change.table == name))
        for one in transactions
    )
    return [one for one in kept if one.changes]


def told(change: Change) -> str:
    """One change in words."""
    counted = ((change.deleted, "deleted from"), (change.updated, "changed in"), (change.inserted, "entered into"))
    rows = [
        f"{count:,} {'row' if count == 1 else 'rows'} {verb} {change.table}" for count, verb in counted if count
    ]
    whole = [f"{change.table} emptied (TRUNCATE)"] * change.emptied + [f"{change.table} dropped"] * change.dropped
    return ", ".join(whole + rows)


def render(result: Timeline) -> RenderableType:
    """What took most away, with the option that goes back to just before it; then all by the minute."""
    zone = result.timezone
    span = f"{shown(result.since, zone)} to {shown(result.until, zone)}"
    lines: list[RenderableType] = [
        Text(f"{result.system}, {span}: {len(result.transactions):,} transactions", "bold")
    ]
    worst = [one for one in result.transactions if one.deleted or one.destroys_tables]
    worst.sort(key=lambda one: (not one.destroys_tables, -one.deleted, one.committed_at))
    if worst:
        lines.append(Text("\nWhat took most away, and the option that goes back to just before it:"))
    for one in worst[:SHOWN]:
        what = "; ".join(told(change) for change in one.changes)
        lines.append(Text(f"{shown(one.committed_at, zone)} transaction {one.xid}: {what}"))
        lines.append(Text(f"    --option before_transaction={one.xid}"))
    if len(worst) > SHOWN:
        lines.append(Text(f"… and {len(worst) - SHOWN:,} more that took less away; --table and --json show them"))
    if result.transactions:
        lines += [Text(""), _by_time(result.transactions, zone)]
    lines += [Text(f'Restore point: --option "restore_point={name}"') for name in result.restore_points]
    lines.append(Text(f"\n{_reach(result)}"))
    lines.append(
        Text(f"To see what it would bring: schoolkeeper plan {TASK} {result.system} -o confirm={result.system} …")
    )
    return Group(*lines)


def _by_time(transactions: Sequence[Transaction], zone: str) -> Table:
    """By the minute, or by the hour when that would be too long."""
    minutes = {shown(one.committed_at, zone)[:16] for one in transactions}
    width = 16 if len(minutes) <= MINUTES_SHOWN else 13
    counts: dict[str, list[int]] = {}
    for one in transactions:
        sums = counts.setdefault(shown(one.committed_at, zone)[:width], [0, 0, 0, 0])
        rows = ((change.inserted, change.updated, change.deleted) for change in one.changes)
        totals = [sum(column) for column in zip(*rows, strict=True)] or [0, 0, 0]
        sums[:] = [a + b for a, b in zip(sums, [1, *totals], strict=True)]
    table = Table("Minute" if width == 16 else "Hour", box=None, pad_edge=False)
    for heading in ("Transactions", "Rows entered", "Changed", "Deleted"):
        table.add_column(heading, justify="right")
    for when, sums in counts.items():
        table.add_row(when.replace("T", " "), *(f"{count:,}" for count in sums))
    return table


def _reach(result: Timeline) -> str:
    if result.archived_until is None:
        return "Nothing of the server's log is archived."
    until = shown(result.archived_until, result.timezone)
    if result.archived_until >= result.until:
        return f"The log is archived until {until}."
    return (
        f"The log is archived until {until}; what came later is not shown. To have it archived now, let the "
        "administrator of the server run SELECT pg_switch_wal()."
    )
