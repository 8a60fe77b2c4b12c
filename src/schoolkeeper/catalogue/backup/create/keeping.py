"""Who keeps the bytes of a database: we as chunks, a tool that keeps dumps, or one that copies a server's files.

Whoever does, the contents list is made by us and of the same moment, so that a drill proves the copies of all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schoolkeeper.catalogue.backup.create.earlier import earlier
from schoolkeeper.catalogue.backup.create.versions import erp_version
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.protocol import Readable, Saving
from schoolkeeper.connectors.rehearsal.golden import GoldenRows, golden_rows
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.manifest import Held, Index, Part, StoredFile, Version
from schoolkeeper.kernel.errors import Permanent

DATABASE = "database"
DUMP = "database.dump"
Passing = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A database as it was saved, and where its bytes are."""

    version: Version
    tool: str
    contents: DatabaseContents
    golden: GoldenRows
    index: Index | None = None
    packs: list[Part] = field(default_factory=list)
    new_bytes: int = 0
    dump_bytes: int = 0
    held: Held | None = None
    full_because: str = ""


def keep(act: Act, set_id: str, component: str, passing: Passing) -> Kept:
    """Save the database with the tool that the definition of the store names."""
    version = erp_version(act.look)
    by = act.store().database_by
    if not by:
        return _by_us(act, set_id, component, passing, version)
    if act.engine(by).capabilities.database == "logical":
        return _as_dump(act, set_id, component, by, passing, version)
    return _as_server(act, set_id, component, by, version)


def _by_us(act: Act, set_id: str, component: str, passing: Passing, version: Version) -> Kept:
    store = act.store()
    before = earlier(store, component)
    with act.look.database(component).saving() as saving:
        with store.writer(set_id, DATABASE, before.known) as writer:
            # The stream is closed before the dump counts: only then is it known to have been whole.
            with saving.dump() as stream:
                written = writer.add(stream, passing)
            packs, used = writer.finish()
        contents, golden = saving.contents(), golden_rows(saving.rows, act.look.profile)
    chunks = written.chunks if len(written.chunks) > 1 else []
    dump = StoredFile(path=DUMP, size_bytes=written.size_bytes, sha256=written.sha256, chunks=chunks)
    return Kept(
        version=version,
        tool=saving.tool,
        contents=contents,
        golden=golden,
        index=Index(packs=used, files=FileTable([dump])),
        packs=packs,
        new_bytes=writer.new_bytes,
        dump_bytes=written.size_bytes,
        full_because=before.why,
    )


def _as_dump(act: Act, set_id: str, component: str, by: str, passing: Passing, version: Version) -> Kept:
    with act.look.database(component).saving() as saving:
        copy = act.engine(by).take_dump(set_id, _watched(saving, passing))
        contents, golden = saving.contents(), golden_rows(saving.rows, act.look.profile)
    held = Held(component=by, engine=act.system.components[by].kind, copy_id=copy.id)
    return Kept(version, saving.tool, contents, golden, dump_bytes=copy.size_bytes or 0, held=held)


class _Watched:
    """A stream that tells how much of it has passed."""

    def __init__(self, stream: Readable, passing: Passing) -> None:
        self._stream, self._passing = stream, passing

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._passing(len(block))
        return block


@contextmanager
def _watched(saving: Saving, passing: Passing) -> Iterator[Readable]:
    with saving.dump() as stream:
        yield _Watched(stream, passing)


def _as_server(act: Act, set_id: str, component: str, by: str, version: Version) -> Kept:
    """First the files, then the moment: a copy can be brought forward, never back."""
    if act.system.components[component].kind != "postgres":
        raise Permanent(f"{by} copies the files of a PostgreSQL server, and {component} is none.")
    copy = act.engine(by).take_server(set_id)
    with act.look.postgres(component).standing(f"schoolkeeper-{set_id}") as (saving, restore_point):
        contents, golden = saving.contents(), golden_rows(saving.rows, act.look.profile)
    held = Held(
        component=by,
        engine=act.system.components[by].kind,
        copy_id=copy.id,
        form="physical",
        restore_point=restore_point,
    )
    return Kept(version, saving.tool, contents, golden, dump_bytes=copy.size_bytes or 0, held=held)
