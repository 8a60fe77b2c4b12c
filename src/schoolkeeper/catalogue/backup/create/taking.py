"""Writing the parts of a set. Each part is whole or absent, and one that is there is not taken again."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path

from pydantic import BaseModel

from schoolkeeper.catalogue.backup.create.versions import erp_version
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.postgres.contents import DatabaseContents, SequencePosition
from schoolkeeper.connectors.postgres.snapshot import Snapshot, snapshot
from schoolkeeper.connectors.postgres.survey import survey
from schoolkeeper.connectors.postgres.tools import dumping, for_dump
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.archive import Archiver
from schoolkeeper.connectors.store.envelope import Readable, seal
from schoolkeeper.connectors.store.manifest import DatabasePart, FilesContents, FilesPart, Part
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

DATABASE = "database"
# While pg_dump reads, one connection counts and digests: with more, users would feel the backup.
SURVEY_CONNECTIONS = 1
NAMES_SHOWN = 10


def files_part(component: str) -> str:
    """The name that the files of a folder's part begin with."""
    return f"files-{component}"


def _sealed(
    store: StoreAct,
    set_id: str,
    name: str,
    source: AbstractContextManager[Readable],
    passing: Callable[[], None] = lambda: None,
) -> Part:
    """The source is closed before the file gets its name: only then is it known to have been whole."""
    with store.writing(store.partial(set_id), name) as file, source as stream:
        sealed = seal(stream, file, store.recipients, passing)
    return Part(
        name=name, sha256=sealed.sha256, size_bytes=sealed.size_bytes, raw_size_bytes=sealed.raw_size_bytes
    )


def _sealed_contents(store: StoreAct, set_id: str, part: str, contents: BaseModel) -> Part:
    return _sealed(
        store, set_id, f"{part}.contents.json.zst.age", nullcontext(BytesIO(contents.model_dump_json().encode()))
    )


def take_database(act: Act, set_id: str) -> Mapping[str, object]:
    """Dump the database, and count and digest its tables, all in one snapshot."""
    store = act.store()
    if store.has(set_id) or store.recorded(set_id, DATABASE):
        return {"taken": "already"}
    database = act.look.postgres()
    with snapshot(database.name, database.dsn()) as view:
        taken_at = datetime.now(UTC)
        source = view.source()
        earliest = view.sequences()
        version = erp_version(act.look)
        binaries = for_dump(source.server_major)
        name = f"{DATABASE}.dump.zst.age"
        passing = _once(lambda: failpoint("backup.create.database.streaming"))
        with ThreadPoolExecutor(max_workers=1) as pool:
            tables = pool.submit(survey, view, database.dsn(), SURVEY_CONNECTIONS)
            dump = _sealed(store, set_id, name, dumping(database.dsn(), binaries, view.id), passing)
            contents = DatabaseContents(
                source=source,
                snapshot=view.id,
                taken_at=taken_at,
                tables=tables.result(),
                large_objects=view.large_objects(),
                objects=view.objects(),
                sequences=_positions(earliest, view),
                roles=view.roles(),
                settings=view.settings(),
            )
    part = DatabasePart(
        dump=dump,
        contents=_sealed_contents(store, set_id, DATABASE, contents),
        contents_digest=digest(contents),
        source=source,
        snapshot=contents.snapshot,
        taken_at=taken_at,
        pg_dump=binaries.version,
        version=version,
        tables=len(contents.tables),
        rows=sum(table.rows for table in contents.tables.values()),
        objects=sum(len(named) for named in contents.objects.values()),
        sequences=len(contents.sequences),
    )
    store.record(set_id, DATABASE, part.model_dump_json())
    return {"tables": part.tables, "rows": part.rows, "size_bytes": dump.size_bytes}


def _once(action: Callable[[], None]) -> Callable[[], None]:
    """The action at the first block only."""
    calls = count()
    return lambda: None if next(calls) else action()


def _positions(earliest: Mapping[str, int | None], view: Snapshot) -> dict[str, SequencePosition]:
    latest = view.sequences()
    return {
        name: SequencePosition(earliest=earliest[name], latest=latest[name]) for name in earliest if name in latest
    }


def take_files(act: Act, set_id: str, component: str) -> Mapping[str, object]:
    """Archive one folder, with a list of exactly what was written."""
    store, part = act.store(), files_part(component)
    if store.has(set_id) or store.recorded(set_id, part):
        return {"taken": "already"}
    root = act.look.files(component).root
    try:
        archive, contents = _archived(store, set_id, f"{part}.tar.zst.age", root, act.look.profile.backup.exclude)
    except PermissionError as error:
        raise Permanent(
            f"{component}: {spelled(str(error.filename))} cannot be read: {error.strerror}."
        ) from error
    record = FilesPart(
        component=component,
        archive=archive,
        contents=_sealed_contents(store, set_id, part, contents),
        contents_digest=digest(contents),
        files=len(contents.files),
        bytes=sum(file.size_bytes for file in contents.files),
        changed=len(contents.changed),
        vanished=len(contents.vanished),
        outside=len(contents.outside),
    )
    store.record(set_id, part, record.model_dump_json())
    return {
        "files": record.files,
        "size_bytes": archive.size_bytes,
        "changed": contents.changed[:NAMES_SHOWN],
        "vanished": contents.vanished[:NAMES_SHOWN],
        "outside": contents.outside[:NAMES_SHOWN],
    }


def _archived(
    store: StoreAct, set_id: str, name: str, root: Path, exclude: list[str]
) -> tuple[Part, FilesContents]:
    """The archiver pushes and the seal pulls, so a pipe and a second thread stand between them."""
    reading, writing = os.pipe()

    def write() -> FilesContents:
        with os.fdopen(writing, "wb") as sink:
            return Archiver(root, sink, exclude).write()

    # The pipe's end is closed before the pool waits, or else the archiver would wait for somebody to read.
    with ThreadPoolExecutor(max_workers=1) as pool, os.fdopen(reading, "rb") as source:
        future = pool.submit(write)
        passing = _once(lambda: failpoint("backup.create.files.streaming"))
        archive = _sealed(store, set_id, name, nullcontext(_Whole(source, future.result)), passing)
        return archive, future.result()


class _Whole:
    """A pipe whose end counts only when its writer ended well; otherwise what the writer raised is raised."""

    def __init__(self, source: Readable, result: Callable[[], object]) -> None:
        self._source = source
        self._result = result

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        if not block:
            self._result()
        return block
