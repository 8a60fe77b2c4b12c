"""Storing the parts of a set. Each part is whole or absent, and one that is there is not taken again."""

import json
from collections.abc import Callable, Mapping
from itertools import count

from schoolkeeper.catalogue.backup.create.keeping import keep
from schoolkeeper.catalogue.backup.create.keeping_folders import keep_folder
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.gentle import Pace
from schoolkeeper.connectors.store.manifest import DatabasePart, FilesPart
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.failpoints import failpoint

DATABASE = "database"
NAMES_SHOWN = 10


def files_part(component: str) -> str:
    """The name that the objects of a folder's part carry."""
    return f"files-{component}"


def take_database(act: Act, set_id: str, component: str, pace: Pace) -> Mapping[str, object]:
    """Save the database, and count and digest its tables, all as of one moment."""
    store = act.store()
    if store.has(set_id) or store.recorded(set_id, DATABASE):
        return {"taken": "already"}
    store.discard(set_id, DATABASE)
    kept = keep(act, set_id, component, _then(pace, "backup.create.database.streaming"))
    contents = kept.contents
    golden = json.dumps(kept.golden, ensure_ascii=False)
    index, index_digest = None, ""
    if kept.index is not None:
        index, index_digest = store.put_index(set_id, f"{DATABASE}.index", kept.index)
    part = DatabasePart(
        component=component,
        index=index,
        index_digest=index_digest,
        packs=kept.packs,
        new_bytes=kept.new_bytes,
        held=kept.held,
        full_because=kept.full_because,
        contents=store.put_list(set_id, f"{DATABASE}.contents", contents.model_dump_json()),
        contents_digest=digest(contents),
        golden=store.put_list(set_id, f"{DATABASE}.golden", golden) if kept.golden else None,
        source=contents.source,
        snapshot=contents.snapshot,
        taken_at=contents.taken_at,
        dumped_by=kept.tool,
        dump_bytes=kept.dump_bytes,
        version=kept.version,
        tables=len(contents.tables),
        rows=sum(table.rows for table in contents.tables.values()),
        definitions=sum(len(named) for named in contents.objects.values()),
        sequences=len(contents.sequences),
        not_transactional=contents.not_transactional,
    )
    store.record(set_id, DATABASE, part.model_dump_json())
    return {"tables": part.tables, "rows": part.rows, "new_bytes": part.new_bytes}


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
    folder = keep_folder(act, set_id, component, part, _then(pace, "backup.create.files.streaming"))
    index = folder.index
    listed, index_digest = store.put_index(set_id, f"{part}.index", index)
    record = FilesPart(
        component=component,
        index=listed,
        index_digest=index_digest,
        packs=folder.packs,
        new_bytes=folder.new_bytes,
        held=folder.held,
        full_because=folder.full_because,
        files=len(index.files),
        bytes=index.files.size_bytes,
        changed=len(index.changed),
        vanished=len(index.vanished),
        outside=len(index.outside),
        attributes=index.attributes,
        since=index.since,
        added=len(index.added),
        altered=len(index.altered),
        deleted=len(index.deleted),
    )
    store.record(set_id, part, record.model_dump_json())
    named = {name: getattr(index, name)[:NAMES_SHOWN] for name in ("changed", "vanished", "outside")}
    return {"files": record.files, "new_bytes": record.new_bytes, "added": record.added, **named}
