"""The database of a backup set, brought back on a scratch server."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.scratch_servers import scratch_server
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Index, Manifest, StoredFile


class Unusable(Exception):
    """A part of a set cannot be read back or restored; `fault` says which and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.found)
        self.fault = fault


@contextmanager
def opening(what: str) -> Iterator[None]:
    """Turns what a store says of a damaged part into Unusable, about `what`."""
    try:
        yield
    except CannotOpen as error:
        raise Unusable(Fault(code="cannot_open", subject=what, found=str(error))) from error
    except Damaged as error:
        raise Unusable(Fault(code="damaged_part", subject=what, found=str(error))) from error


def contents_of(store: StoreLook, manifest: Manifest) -> DatabaseContents:
    """What the database held when it was saved. Raises Unusable."""
    part = manifest.database
    with opening("the list of the database's contents"):
        return store.model(part.contents, part.contents_digest, DatabaseContents)


def dump_sha256(store: StoreLook, manifest: Manifest) -> str:
    """The SHA-256 of the dump, which stands only where the set's key is needed to read it. Raises Unusable."""
    with opening("the dump"):
        return _dump_in(store.index(manifest.database)).sha256


def _dump_in(index: Index) -> StoredFile:
    if len(index.files) != 1:
        raise Damaged(f"its list names {len(index.files)} files instead of one")
    return index.files[0]


def fetch_dump(store: StoreLook, manifest: Manifest, target: Path) -> None:
    """Put the dump together from its chunks, readable by us alone. Raises Unusable."""
    part, whole = manifest.database, hashlib.sha256()
    with opening("the dump"):
        index = store.index(part)
        stored = _dump_in(index)
        target.touch(0o600)
        with store.reader(part, index) as reader, target.open("wb") as file:
            for chunk in reader.read(stored.chunk_ids):
                file.write(chunk)
                whole.update(chunk)
    if whole.hexdigest() != stored.sha256:
        fault = Fault(code="damaged_part", subject="the dump", found="its content is not what the index says")
        raise Unusable(fault)


def restored(store: StoreLook, manifest: Manifest, folder: Path) -> ScratchServer:
    """The scratch server in `folder`, running, with the database of the set in it.

    What was restored there before, completely and from this set, is used again; anything else starts over. Raises
    Unusable when the set does not give the database back, Permanent when there is no such server here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    complete, dump = folder / "complete", folder / "database.dump"
    server = scratch_server(folder / "server", manifest.database.source)
    if complete.is_file() and complete.read_text() == manifest.set:
        return server
    try:
        contents = contents_of(store, manifest)
        fetch_dump(store, manifest, dump)
        faults = server.restore(dump, contents, manifest.database.dumped_by)
        if grave := [fault for fault in faults if fault.level == "error"]:
            raise Unusable(grave[0])
    except Unusable:
        server.stop()
        raise
    finally:
        dump.unlink(missing_ok=True)
    complete.write_text(manifest.set)
    return server
