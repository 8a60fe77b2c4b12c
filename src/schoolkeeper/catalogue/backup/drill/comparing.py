"""Comparing the restored database with what was written down when it was saved."""

from collections.abc import Collection, Iterator
from itertools import chain

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.contents import DatabaseContents, Objects, SequencePosition, TableContent
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.differing import moved, setting_faults
from schoolkeeper.connectors.postgres.spelling import settled
from schoolkeeper.connectors.restored import Unusable, contents_of
from schoolkeeper.connectors.store.manifest import Held
from schoolkeeper.kernel.errors import Unreachable


def compare(rehearsal: Rehearsal) -> Found:
    """Every table, object, sequence and setting; then the product's own check of tables and indexes."""
    try:
        saved = contents_of(rehearsal.store, rehearsal.manifest)
    except Unusable as error:
        return Found(faults=[error.fault])
    with rehearsal.server() as server:
        checked, broken = server.check()
        try:
            restored = server.observe()
        except Unreachable as error:  # a broken page, of which the check may have said more
            unread = Fault(code="not_compared", subject="rows", found=error.reason, level="unknown")
            return Found({"checked": checked}, [*broken, unread])
    held, unsteady = rehearsal.manifest.database.held, moved(saved)
    compared = {name: table for name, table in restored.tables.items() if name not in unsteady}
    counts = {
        "tables": len(compared),
        "rows": sum(table.rows for table in compared.values()),
        "objects": sum(len(named) for named in restored.objects.values()),
        "sequences": len(restored.sequences),
        "checked": checked,
    }
    broken += not_compared(unsteady, held)
    return Found(
        counts, [*comparable(held, saved, restored), *broken], unclaimed=unclaimed(unsteady, saved, compared)
    )


def unclaimed(unsteady: Collection[str], saved: DatabaseContents, compared: Collection[str]) -> list[str]:
    """What moved, which the proof does not speak of; nothing where all tables moved: then there is no proof."""
    return sorted(unsteady) if compared or not saved.tables else []


def not_compared(unsteady: Collection[str], held: Held | None) -> Iterator[Fault]:
    """What nobody can compare: a copy without one row of it would pass. Where that is all rows, the set is not
    proven; else the proof is one of the rest."""
    for subject in sorted(unsteady):
        unseen = "it changed while it was saved, and nothing could hold it still"
        yield Fault(code="not_compared", subject=subject, found=unseen, level="unknown")
    if held is not None and held.lacks_its_moment:
        unseen = "no restore point could be made when the copy was taken"
        yield Fault(code="not_compared", subject="rows", found=unseen, level="unknown")


def comparable(held: Held | None, saved: DatabaseContents, restored: DatabaseContents) -> Iterator[Fault]:
    """What differs of all that can be compared: not what changed while it was saved, and of a copy that lacks its
    moment definitions alone, because its rows say nothing."""
    unsteady, only_definitions = moved(saved), held is not None and held.lacks_its_moment
    for fault in differences(saved, restored, sequences_run_ahead=held is not None and held.is_physical):
        if fault.subject not in unsteady and (not only_definitions or fault.code == "schema_differs"):
            yield fault


def differences(
    saved: DatabaseContents, restored: DatabaseContents, *, sequences_run_ahead: bool = False
) -> Iterator[Fault]:
    """All that differs. A server that comes back from its log has sequences a few numbers ahead, rightly."""
    names = sorted(saved.tables.keys() | restored.tables.keys())
    yield from chain.from_iterable(
        _rows(name, saved.tables.get(name), restored.tables.get(name)) for name in names
    )
    yield from _rows("large objects", saved.large_objects, restored.large_objects)
    yield from _objects(saved.objects, restored.objects)
    yield from setting_faults(saved, restored)
    yield from _sequences(saved, restored, ahead=sequences_run_ahead)
    if saved.source.encoding != restored.source.encoding:
        yield Fault(
            code="schema_differs",
            subject="encoding",
            expected=saved.source.encoding,
            found=restored.source.encoding,
        )


def _sequences(saved: DatabaseContents, restored: DatabaseContents, *, ahead: bool) -> Iterator[Fault]:
    for name, position in saved.sequences.items():
        there = restored.sequences.get(name)
        if there is not None and not (position.admits(there.latest) or (ahead and _is_ahead(position, there))):
            expected = " to ".join(dict.fromkeys((str(position.earliest), str(position.latest))))
            yield Fault(
                code="schema_differs", subject=f"sequence {name}", expected=expected, found=str(there.latest)
            )


def _is_ahead(saved: SequencePosition, restored: SequencePosition) -> bool:
    return restored.latest is not None and abs(restored.latest) >= abs(saved.earliest or 0)


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
