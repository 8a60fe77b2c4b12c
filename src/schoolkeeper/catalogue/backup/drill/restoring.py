"""Restoring the database of a set into the scratch server."""

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.restored import Unusable, contents_of, fetch_dump, is_physical, recovered
from schoolkeeper.kernel.failpoints import failpoint


def prepare(rehearsal: Rehearsal) -> Found:
    """Make the scratch server's data folder, unless it comes with the copy."""
    if is_physical(rehearsal.manifest):
        return Found()
    with rehearsal.server():
        return Found()


def restore(rehearsal: Rehearsal) -> Found:
    """Bring the database back; `restored` counts 1 when that succeeded. Starts over when it was interrupted."""
    if is_physical(rehearsal.manifest):
        return _recover(rehearsal)
    try:
        contents = contents_of(rehearsal.store, rehearsal.manifest)
        fetch_dump(rehearsal.store, rehearsal.manifest, rehearsal.dump, rehearsal.act.look.engine)
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


def _recover(rehearsal: Rehearsal) -> Found:
    """Let the tool bring the server's files back, and the server come up to the moment of the contents list."""
    try:
        recovered(rehearsal.manifest, rehearsal.act.workspace / "scratch", rehearsal.act.look.engine)
    except Unusable as error:
        return Found({"restored": 0}, [error.fault])
    return Found({"restored": 1})
