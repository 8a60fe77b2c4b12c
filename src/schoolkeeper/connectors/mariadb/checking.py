"""Letting MariaDB look for damage itself."""

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.mariadb.session import MariadbConnection, query, quoted

NAMES = """
SELECT table_name AS name, table_type = 'VIEW' AS is_view FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') ORDER BY 1
"""
FINE = ("status", "note", "info")


def check(connection: MariadbConnection) -> tuple[int, list[Fault]]:
    """CHECK TABLE on every table, whose indexes are then compared with its rows, and on every view.

    A view that cannot be read is a warning: it may have been so at the source.
    """
    names = query(connection, NAMES)
    faults = [fault for row in names for fault in _check(connection, str(row["name"]), bool(row["is_view"]))]
    return len(names), faults


def _check(connection: MariadbConnection, name: str, is_view: bool) -> list[Fault]:
    wrong = [
        row
        for row in query(connection, f"CHECK TABLE {quoted(name)}")
        if str(row["msg_type"]).lower() not in FINE
        or (str(row["msg_type"]).lower() == "status" and row["msg_text"] != "OK")
    ]
    if not wrong:
        return []
    if is_view:
        return [Fault(code="corrupt", subject=f"view {name}", found="it cannot be read", level="warning")]
    return [Fault(code="corrupt", subject=f"table {name}", found=f"{len(wrong)} complaints of CHECK TABLE")]
