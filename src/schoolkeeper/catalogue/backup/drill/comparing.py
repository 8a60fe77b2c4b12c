"""Comparing the restored database with what was written down when it was saved."""

from collections.abc import Iterator
from itertools import chain

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.contents import DatabaseContents, Objects, TableContent
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.settling import differing
from schoolkeeper.connectors.postgres.spelling import settled
from schoolkeeper.connectors.restored import Unusable, contents_of


def compare(rehearsal: Rehearsal) -> Found:
    """Every table, object, sequence and setting; then the product's own check of tables and indexes."""
    try:
        saved = contents_of(rehearsal.store, rehearsal.manifest)
    except Unusable as error:
        return Found(faults=[error.fault])
    with rehearsal.server() as server:
        restored = server.observe()
        checked, broken = server.check()
    counts = {
        "tables": len(restored.tables),
        "rows": sum(table.rows for table in restored.tables.values()),
        "objects": sum(len(named) for named in restored.objects.values()),
        "sequences": len(restored.sequences),
        "checked": checked,
    }
    return Found(counts, [*differences(saved, restored), *broken])


def differences(saved: DatabaseContents, restored: DatabaseContents) -> Iterator[Fault]:
    """All that differs."""
    names = sorted(saved.tables.keys() | restored.tables.keys())
    yield from chain.from_iterable(
        _rows(name, saved.tables.get(name), restored.tables.get(name)) for name in names
    )
    yield from _rows("large objects", saved.large_objects, restored.large_objects)
    yield from _objects(saved.objects, restored.objects)
    yield from differing(saved.settings, restored.settings)
    yield from _sequences(saved, restored)
    if saved.source.encoding != restored.source.encoding:
        yield Fault(
            code="schema_differs",
            subject="encoding",
            expected=saved.source.encoding,
            found=restored.source.encoding,
        )


def _sequences(saved: DatabaseContents, restored: DatabaseContents) -> Iterator[Fault]:
    for name, position in saved.sequences.items():
        there = restored.sequences.get(name)
        if there is not None and not position.admits(there.latest):
            expected = " to ".join(dict.fromkeys((str(position.earliest), str(position.latest))))
            yield Fault(
                code="schema_differs", subject=f"sequence {name}", expected=expected, found=str(there.latest)
            )


def _rows(name: str, saved: TableContent | None, restored: TableContent | None) -> Iterator[Fault]:
    if saved is None or restored is None:
        there, gone = f"{(saved or restored or TableContent(rows=0, digest='0')).rows:,} rows", "no such table"
        expected, found = (there, gone) if saved else (gone, there)
        yield Fault(code="rows_differ", subject=name, expected=expected, found=found)
    elif saved.rows != restored.rows:
        yield Fault(
            code="rows_differ", subject=name, expected=f"{saved.rows:,} rows", found=f"{restored.rows:,} rows"
        )
    elif saved.digest != restored.digest:
        yield Fault(code="content_differs", subject=name, expected=saved.digest, found=restored.digest)


def _objects(saved: Objects, restored: Objects) -> Iterator[Fault]:
    for kind in sorted(saved.keys() | restored.keys()):
        was, now = saved.get(kind, {}), restored.get(kind, {})
        for name in sorted(was.keys() | now.keys()):
            if settled(was.get(name, "")) != settled(now.get(name, "")) or (name in was) != (name in now):
                expected = "as saved" if name in was else "none"
                found = "missing" if name not in now else "another definition" if name in was else "one too many"
                yield Fault(code="schema_differs", subject=f"{kind} {name}", expected=expected, found=found)
