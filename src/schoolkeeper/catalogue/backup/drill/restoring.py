"""Restoring the database of a set into the scratch server."""

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.engines.protocol import Moment
from schoolkeeper.connectors.restored import Unusable, contents_of, fetch_dump
from schoolkeeper.connectors.scratch_servers import recovered_server
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint


def prepare(rehearsal: Rehearsal) -> Found:
    """Make the scratch server's data folder, unless it comes with the copy."""
    if _is_physical(rehearsal):
        return Found()
    with rehearsal.server():
        return Found()


def restore(rehearsal: Rehearsal) -> Found:
    """Bring the database back; `restored` counts 1 when that succeeded. Starts over when it was interrupted."""
    if _is_physical(rehearsal):
        return _recover(rehearsal)
    try:
        contents = contents_of(rehearsal.store, rehearsal.manifest)
        _fetch(rehearsal)
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


def _fetch(rehearsal: Rehearsal) -> None:
    """Have the dump in a file, from us or from the tool that keeps it. Raises Unusable."""
    held = rehearsal.manifest.database.held
    if held is None:
        fetch_dump(rehearsal.store, rehearsal.manifest, rehearsal.dump)
        return
    try:
        rehearsal.act.look.engine(held.component).fetch_dump(held.copy_id, rehearsal.dump)
    except Permanent as error:
        raise Unusable(Fault(code="damaged_part", subject="the dump", found=str(error))) from error


def _is_physical(rehearsal: Rehearsal) -> bool:
    held = rehearsal.manifest.database.held
    return held is not None and held.form == "physical"


def _recover(rehearsal: Rehearsal) -> Found:
    """Let the tool bring the server's files back, and the server come up to the moment of the contents list."""
    part = rehearsal.manifest.database
    held = part.held
    assert held is not None
    engine = rehearsal.act.look.engine(held.component)
    moment = Moment(name=held.restore_point) if held.restore_point else Moment()
    folder = rehearsal.act.workspace / "scratch"
    try:
        recovered_server(folder, part.source, lambda into: engine.fetch_server(held.copy_id, into, moment))
    except Permanent as error:
        fault = Fault(code="restore_failed", subject=part.source.database, found=str(error))
        return Found({"restored": 0}, [fault])
    return Found({"restored": 1})
