"""Restoring the database of a set into the scratch server."""

import hashlib

from schoolkeeper.catalogue.backup.drill.opening import Unusable, opening
from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.kernel.failpoints import failpoint


def contents_of(rehearsal: Rehearsal) -> DatabaseContents:
    """What the database held when it was saved. Raises Unusable."""
    part = rehearsal.manifest.database
    with opening("the list of the database's contents"):
        return rehearsal.store.model(part.contents, part.contents_digest, DatabaseContents)


def prepare(rehearsal: Rehearsal) -> Found:
    """Make the scratch server's data folder."""
    with rehearsal.server():
        return {}, []


def restore(rehearsal: Rehearsal) -> Found:
    """Bring the database back; `restored` counts 1 when that succeeded. Starts over when it was interrupted."""
    try:
        contents = contents_of(rehearsal)
        _fetch_dump(rehearsal)
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
    return {"restored": int(not any(fault.level == "error" for fault in faults))}, faults


def _fetch_dump(rehearsal: Rehearsal) -> None:
    """Put the dump together from its chunks. Raises Unusable."""
    part, whole = rehearsal.manifest.database, hashlib.sha256()
    with opening("the dump"):
        index = rehearsal.store.index(part)
        stored = index.files[0]
        with rehearsal.store.reader(part, index) as reader, rehearsal.dump.open("wb") as file:
            for chunk in reader.read(stored.chunk_ids):
                file.write(chunk)
                whole.update(chunk)
    if whole.hexdigest() != stored.sha256:
        fault = Fault(code="damaged_part", subject="the dump", found="its content is not what the index says")
        raise Unusable(fault)
