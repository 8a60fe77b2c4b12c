"""Restoring the database of a set into the scratch server."""

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.restored import Unusable, contents_of, fetch_dump
from schoolkeeper.kernel.failpoints import failpoint


def prepare(rehearsal: Rehearsal) -> Found:
    """Make the scratch server's data folder."""
    with rehearsal.server():
        return Found()


def restore(rehearsal: Rehearsal) -> Found:
    """Bring the database back; `restored` counts 1 when that succeeded. Starts over when it was interrupted."""
    try:
        contents = contents_of(rehearsal.store, rehearsal.manifest)
        fetch_dump(rehearsal.store, rehearsal.manifest, rehearsal.dump)
        failpoint("backup.drill.restore.opened")
        with rehearsal.server() as server:
            faults = server.restore(
                rehearsal.dump,
                contents,
                rehearsal.manifest.database.dumped_by,
                lambda: failpoint("backup.drill.restore.loading"),
            )
    except Unusable as error:
        faults = [error.fault]
    finally:
        rehearsal.dump.unlink(missing_ok=True)
    return Found({"restored": int(not any(fault.level == "error" for fault in faults))}, faults)
