"""Storing the parts of a set. Each part is whole or absent, and one that is there is not taken again."""

import json
from collections.abc import Callable, Mapping
from itertools import count

from schoolkeeper.catalogue.backup.create.earlier import Earlier, earlier
from schoolkeeper.catalogue.backup.create.versions import erp_version
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.protocol import Saving
from schoolkeeper.connectors.gentle import Pace
from schoolkeeper.connectors.rehearsal.golden import golden_rows
from schoolkeeper.connectors.store.manifest import DatabasePart, FilesPart, Index, StoredFile
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.connectors.store.tree import TreeReader
from schoolkeeper.connectors.store.writing import ChunkWriter
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

DATABASE = "database"
DUMP = "database.dump"
NAMES_SHOWN = 10


def files_part(component: str) -> str:
    """The name that the objects of a folder's part carry."""
    return f"files-{component}"


def take_database(act: Act, set_id: str, component: str, pace: Pace) -> Mapping[str, object]:
    """Dump the database, and count and digest its tables, all as of one moment."""
    store = act.store()
    if store.has(set_id) or store.recorded(set_id, DATABASE):
        return {"taken": "already"}
    store.discard(set_id, DATABASE)
    before = earlier(store, component)
    version = erp_version(act.look)
    with act.look.database(component).saving() as saving:
        with store.writer(set_id, DATABASE, before.known) as writer:
            dump = _stored_dump(saving, writer, _then(pace, "backup.create.database.streaming"))
            packs, used = writer.finish()
        contents = saving.contents()
        golden = json.dumps(golden_rows(saving.rows, act.look.profile), ensure_ascii=False)
    index = Index(packs=used, files=[dump])
    part = DatabasePart(
        component=component,
        index=store.put_list(set_id, f"{DATABASE}.index", index.model_dump_json()),
        index_digest=digest(index),
        packs=packs,
        new_bytes=writer.new_bytes,
        full_because=before.why,
        contents=store.put_list(set_id, f"{DATABASE}.contents", contents.model_dump_json()),
        contents_digest=digest(contents),
        golden=store.put_list(set_id, f"{DATABASE}.golden", golden) if act.look.profile.golden else None,
        source=contents.source,
        snapshot=contents.snapshot,
        taken_at=contents.taken_at,
        dumped_by=saving.tool,
        dump_bytes=dump.size_bytes,
        version=version,
        tables=len(contents.tables),
        rows=sum(table.rows for table in contents.tables.values()),
        definitions=sum(len(named) for named in contents.objects.values()),
        sequences=len(contents.sequences),
        not_transactional=contents.not_transactional,
    )
    store.record(set_id, DATABASE, part.model_dump_json())
    return {"tables": part.tables, "rows": part.rows, "new_bytes": part.new_bytes}


def _stored_dump(saving: Saving, writer: ChunkWriter, passing: Callable[[int], None]) -> StoredFile:
    """The stream is closed before the dump counts: only then is it known to have been whole."""
    with saving.dump() as stream:
        written = writer.add(stream, passing)
    return StoredFile(
        path=DUMP,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        chunks=written.chunks if len(written.chunks) > 1 else [],
    )


def _then(pace: Pace, name: str) -> Callable[[int], None]:
    """Keeps the pace; at the first block it also passes a failpoint."""
    calls = count()

    def passing(size_bytes: int) -> None:
        if not next(calls):
            failpoint(name)
        pace(size_bytes)

    return passing


def take_files(act: Act, set_id: str, component: str, pace: Pace) -> Mapping[str, object]:
    """Store what is new in one folder, with a list of exactly what is in it."""
    store, part = act.store(), files_part(component)
    if store.has(set_id) or store.recorded(set_id, part):
        return {"taken": "already"}
    store.discard(set_id, part)
    before = earlier(store, component)
    with store.writer(set_id, part, before.known) as writer:
        index = _read_folder(act, component, before, writer, pace)
        packs, used = writer.finish()
    index = index.model_copy(update={"packs": used})
    record = FilesPart(
        component=component,
        index=store.put_list(set_id, f"{part}.index", index.model_dump_json()),
        index_digest=digest(index),
        packs=packs,
        new_bytes=writer.new_bytes,
        full_because=before.why,
        files=len(index.files),
        bytes=sum(file.size_bytes for file in index.files),
        changed=len(index.changed),
        vanished=len(index.vanished),
        outside=len(index.outside),
        since=index.since,
        added=len(index.added),
        altered=len(index.altered),
        deleted=len(index.deleted),
    )
    store.record(set_id, part, record.model_dump_json())
    named = {name: getattr(index, name)[:NAMES_SHOWN] for name in ("changed", "vanished", "outside")}
    return {"files": record.files, "new_bytes": record.new_bytes, "added": record.added, **named}


def _read_folder(act: Act, component: str, before: Earlier, writer: ChunkWriter, pace: Pace) -> Index:
    root = act.look.files(component).root
    passing = _then(pace, "backup.create.files.streaming")
    exclude = act.look.profile.backup.exclude
    try:
        return TreeReader(root, writer, exclude, before.index, before.since, passing).read()
    except PermissionError as error:
        name = spelled(str(error.filename))
        raise Permanent(f"{component}: {name} cannot be read: {error.strerror}.") from error
