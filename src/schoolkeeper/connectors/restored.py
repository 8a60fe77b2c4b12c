"""The database of a backup set, brought back on a scratch server, whoever keeps its bytes."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import ScratchServer
from schoolkeeper.connectors.engines.protocol import EngineLook, Moment
from schoolkeeper.connectors.postgres.scratch import PostgresScratch
from schoolkeeper.connectors.scratch_servers import recovered_server, scratch_server
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Index, Manifest, StoredFile
from schoolkeeper.kernel.errors import Permanent

Engines = Callable[[str], EngineLook]
"""The backup tools of a system, by the names of their components."""


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


def seal(store: StoreLook, manifest: Manifest) -> str:
    """A digest that belongs to this set alone, and that nobody can tell without its key: of the dump, or of the
    list of what a copy of another tool must hold. Raises Unusable."""
    if manifest.database.held is not None:
        listed = contents_of(store, manifest).model_dump_json()
        return hashlib.sha256(f"seal {manifest.set} {listed}".encode()).hexdigest()
    with opening("the dump"):
        return _dump_in(store.index(manifest.database)).sha256


def is_physical(manifest: Manifest) -> bool:
    """Whether another tool keeps the server's own files, and no dump."""
    held = manifest.database.held
    return held is not None and held.is_physical


def _dump_in(index: Index) -> StoredFile:
    if len(index.files) != 1:
        raise Damaged(f"its list names {len(index.files)} files instead of one")
    return index.files[0]


def fetch_dump(store: StoreLook, manifest: Manifest, target: Path, engines: Engines) -> None:
    """Have the dump in a file that is readable by us alone, from us or from the tool that keeps it.

    Raises Unusable, and Unreachable when that tool does not answer.
    """
    held = manifest.database.held
    target.touch(0o600)
    if held is None:
        _put_together(store, manifest, target)
        return
    try:
        engines(held.component).fetch_dump(held.copy_id, target)
    except Permanent as error:
        raise Unusable(Fault(code="damaged_part", subject="the dump", found=str(error))) from error


def _put_together(store: StoreLook, manifest: Manifest, target: Path) -> None:
    part, whole = manifest.database, hashlib.sha256()
    with opening("the dump"):
        index = store.index(part)
        stored = _dump_in(index)
        with store.reader(part, index) as reader, target.open("wb") as file:
            for chunk in reader.read(stored.chunk_ids):
                file.write(chunk)
                whole.update(chunk)
    if whole.hexdigest() != stored.sha256:
        fault = Fault(code="damaged_part", subject="the dump", found="its content is not what the index says")
        raise Unusable(fault)


def recovered(manifest: Manifest, folder: Path, engines: Engines) -> PostgresScratch:
    """A server on the files that another tool keeps, running, at the moment of the set's own list.

    Where no restore point could be made that is the end of the copy. Raises Unusable, and Unreachable as above.
    """
    part, held = manifest.database, manifest.database.held
    assert held is not None
    engine = engines(held.component)
    moment = Moment(name=held.restore_point) if held.restore_point else Moment()
    try:
        return recovered_server(folder, part.source, lambda into: engine.fetch_server(held.copy_id, into, moment))
    except Permanent as error:
        fault = Fault(code="restore_failed", subject=part.source.database, found=str(error))
        raise Unusable(fault) from error


def restored(store: StoreLook, manifest: Manifest, folder: Path, engines: Engines) -> ScratchServer:
    """The scratch server in `folder`, running, with the database of the set in it.

    What was restored there before, completely and from this set, is used again; anything else starts over. Raises
    Unusable when the set does not give the database back, Unreachable when the tool that keeps it does not answer,
    Permanent when there is no such server here; no server runs on then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if is_physical(manifest):
        return recovered(manifest, folder / "server", engines)
    complete, dump = folder / "complete", folder / "database.dump"
    server = scratch_server(folder / "server", manifest.database.source)
    if complete.is_file() and complete.read_text() == manifest.set:
        return server
    with ExitStack() as incomplete:
        incomplete.callback(server.stop)
        incomplete.callback(dump.unlink, missing_ok=True)
        contents = contents_of(store, manifest)
        fetch_dump(store, manifest, dump, engines)
        faults = server.restore(dump, contents, manifest.database.dumped_by)
        if grave := [fault for fault in faults if fault.level == "error"]:
            raise Unusable(grave[0])
        dump.unlink()
        incomplete.pop_all()
    complete.write_text(manifest.set)
    return server
