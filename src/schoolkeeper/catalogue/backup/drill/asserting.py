"""Asking the restored copy what always holds in a sound database of this product."""

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed, ScratchServer
from schoolkeeper.profiles.model import Assertion

KEYS_SHOWN = 3


def integrity(rehearsal: Rehearsal) -> Found:
    """The profile's assertions; a query that fails is not an assertion that holds."""
    assertions = rehearsal.act.look.profile.integrity
    if not assertions:
        return Found({"assertions": 0})
    with rehearsal.server() as server:
        faults = [fault for assertion in assertions if (fault := _check(server, assertion))]
    return Found({"assertions": len(assertions)}, faults)


def _check(server: ScratchServer, assertion: Assertion) -> Fault | None:
    """Shows the first column of up to three rows, if it is a number: the others may be about people."""
    try:
        rows = server.rows(assertion.query)
    except QueryFailed as error:
        found = f"its query failed ({error})"
        return Fault(
            code="unknown", subject=assertion.code, expected=assertion.title, found=found, level="unknown"
        )
    if not rows:
        return None
    keys = [str(key) for row in rows[:KEYS_SHOWN] if row and isinstance(key := next(iter(row.values())), int)]
    found = f"{len(rows):,} rows break it" + (f", among them {', '.join(keys)}" if keys else "")
    return Fault(
        code="integrity", subject=assertion.code, expected=assertion.title, found=found, level=assertion.level
    )
