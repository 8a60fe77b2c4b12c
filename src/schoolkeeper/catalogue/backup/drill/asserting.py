"""Asking the restored copy what always holds in a sound database of this product."""

import psycopg

from schoolkeeper.catalogue.backup.drill.facts import Fault
from schoolkeeper.catalogue.backup.drill.restoring import Found
from schoolkeeper.catalogue.backup.drill.scratch import RESTORED, Rehearsal
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.profiles.model import Assertion

KEYS_SHOWN = 3


def integrity(rehearsal: Rehearsal) -> Found:
    """The profile's assertions; a query that fails is not an assertion that holds."""
    assertions = rehearsal.act.look.profile.integrity
    if not assertions:
        return {"assertions": 0}, []
    with rehearsal.server() as server:
        faults = [fault for assertion in assertions if (fault := _check(server, assertion))]
    return {"assertions": len(assertions)}, faults


def _check(server: Cluster, assertion: Assertion) -> Fault | None:
    """Shows the first column of up to three rows, if it is a number: the others may be about people."""
    try:
        with server.connect(RESTORED) as connection, connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # the copy has the settings of the saved database
            cursor.execute(assertion.query.encode())
            keys = [str(row[0]) for row in cursor.fetchmany(KEYS_SHOWN) if row and isinstance(row[0], int)]
            rows = cursor.rowcount
    except psycopg.Error as error:
        found = f"its query failed ({type(error).__name__})"
        return Fault(
            code="unknown", subject=assertion.code, expected=assertion.title, found=found, level="unknown"
        )
    if not rows:
        return None
    found = f"{rows:,} rows break it" + (f", among them {', '.join(keys)}" if keys else "")
    return Fault(
        code="integrity", subject=assertion.code, expected=assertion.title, found=found, level=assertion.level
    )
