"""The steps that concern the database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from schoolkeeper.catalogue.backup.drill.comparing import comparable
from schoolkeeper.catalogue.recover.system.working import Recovery
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.databases.replacement import Pair, Replacement
from schoolkeeper.connectors.differing import moved
from schoolkeeper.connectors.restored import Unusable, contents_of, fetch_dump, is_physical, recovered
from schoolkeeper.connectors.store.planting import remove_tree
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.profiles.model import Assertion

KEYS_SHOWN = 3
THE_DATABASE = "the database"


def restore(recovery: Recovery) -> Mapping[str, object]:
    """Bring the database back beside the one that is there. An interrupted attempt starts over."""
    if recovery.record.restored_id is not None:
        return {"restored": "already"}
    contents, part = _contents(recovery), recovery.manifest.database
    done = recovery.database.restore(_dump(recovery), contents, part.dumped_by, recovery.record.database)
    failpoint("recover.system.database_restored")
    known = recovery.checked([*done.faults, *_not_compared(recovery, contents)], THE_DATABASE)
    recovery.note(restored_id=done.id, roles_made=done.roles_made, faults=known)
    return {"tables": len(contents.tables), "rows": part.rows}


def compare(recovery: Recovery) -> Mapping[str, object]:
    """Hold every table, object, sequence and setting against what was written down when it was saved, and ask what
    always holds in a sound database."""
    if recovery.record.is_compared:
        return {"compared": "already"}
    swap, contents = recovery.database, _contents(recovery)
    saved, found = swap.observe(contents)
    faults = _differing(recovery, (saved, found))
    if swap.complete_beside:
        faults += _broken_rules(recovery, swap)
    recovery.note(is_compared=True, faults=recovery.checked(faults, THE_DATABASE))
    return {"tables": len(found.tables), "rows": sum(one.rows for one in found.tables.values())}


def neutralise(recovery: Recovery) -> Mapping[str, object]:
    """Keep a copy from acting in the name of its source; all of the profile's statements, or none."""
    rehearsal = recovery.act.look.profile.rehearsal
    if recovery.record.is_neutralised:
        return {"neutralised": "already"}
    if rehearsal is None:
        raise Permanent("the profile does not say how a copy is kept from acting")
    recovery.database.neutralise(rehearsal.neutralise.sql)
    recovery.note(is_neutralised=True)
    return {"statements": len(rehearsal.neutralise.sql)}


def swap_in(recovery: Recovery) -> Mapping[str, object]:
    """Close both databases, and let them change places; what could not be compared beside is compared there."""
    record, swap = recovery.record, recovery.database
    if record.restored_id is None or not record.is_compared:
        raise Permanent("the database was not restored and compared, so nothing is put in its place")
    if not recovery.concluded:
        swap.swap(record.restored_id, record.database)
        if not (swap.complete_beside or recovery.record.is_compared_in_place):
            _compare_in_place(recovery, swap)
    return {"aside": swap.before}


def _compare_in_place(recovery: Recovery, swap: Replacement) -> None:
    """What was neutralised after it was compared has other rows by now."""
    saved, found = swap.observe_in_place(_contents(recovery))
    if recovery.record.is_neutralised:
        found = found.model_copy(update={"tables": saved.tables, "sequences": saved.sequences})
    faults = recovery.checked(
        [*_differing(recovery, (saved, found)), *_broken_rules(recovery, swap)], THE_DATABASE
    )
    recovery.note(is_compared_in_place=True, faults=faults)


def swap_out(recovery: Recovery) -> None:
    """Take `swap_in` back."""
    recovery.database.swap_back(recovery.record.restored_id, recovery.record.database)
    recovery.note(is_compared_in_place=False)


def discard(recovery: Recovery) -> None:
    """Take `restore` back: the restored database goes, and so do the roles that were made for it. Once it was open
    it is kept aside, because nobody knows what users have entered."""
    recovery.database.discard(recovery.record.database.absent_roles, keeps=recovery.was_opened)
    remove_tree(recovery.act.run.workspace)
    recovery.note(restored_id=None, is_compared=False, is_neutralised=False, faults=[], roles_made=[])


def _contents(recovery: Recovery) -> DatabaseContents:
    try:
        return contents_of(recovery.store, recovery.manifest)
    except Unusable as error:
        raise Permanent(f"{error.fault.subject} cannot be used: {error.fault.found}") from error


@contextmanager
def _dump(recovery: Recovery) -> Iterator[Path]:
    """The dump lies decrypted in our workspace only for as long as it is loaded."""
    folder = recovery.act.workspace / "recover"
    folder.mkdir(mode=0o700, exist_ok=True)
    dump = folder / "database.dump"
    try:
        if is_physical(recovery.manifest):
            _dump_the_copy(recovery, dump)
        else:
            fetch_dump(recovery.store, recovery.manifest, dump, recovery.act.look.engine)
        yield dump
    except Unusable as error:
        raise Permanent(f"{error.fault.subject} cannot be used: {error.fault.found}") from error
    finally:
        dump.unlink(missing_ok=True)


def _dump_the_copy(recovery: Recovery, dump: Path) -> None:
    """Of a server's own files one database is wanted: they come up beside, and it is dumped from there."""
    folder = recovery.act.workspace / "copy"
    dump.touch(0o600)
    server = recovered(recovery.manifest, folder, recovery.act.look.engine)
    failpoint("recover.system.copy_came_up")
    try:
        server.dump(dump)
    finally:
        server.stop()
    remove_tree(folder)


def _differing(recovery: Recovery, pair: Pair) -> list[Fault]:
    """What differs and was not told yet, nor has changed while it was saved."""
    told = {fault.subject for fault in recovery.record.faults if fault.code == "by_hand"}
    found = comparable(recovery.manifest.database.held, *pair)
    return [fault for fault in found if fault.subject not in told]


def _not_compared(recovery: Recovery, contents: DatabaseContents) -> Iterator[Fault]:
    held = recovery.manifest.database.held
    if held is not None and held.lacks_its_moment:
        found = "not compared: no restore point could be made when the copy was taken"
        yield Fault(code="differs", subject="rows", found=found, level="warning")
    for subject in sorted(moved(contents)):
        found = "not compared: it changed while it was saved, and nothing could hold it still"
        yield Fault(code="differs", subject=subject, found=found, level="warning")


def _broken_rules(recovery: Recovery, swap: Replacement) -> list[Fault]:
    """What the restored database breaks it broke when it was saved: worth telling, no reason to stop."""
    faults = []
    for assertion in recovery.act.look.profile.integrity:
        if found := _broken(swap, assertion):
            fault = Fault(code="integrity", subject=assertion.code, expected=assertion.title, found=found)
            faults.append(fault.model_copy(update={"level": "warning"}))
    return faults


def _broken(swap: Replacement, assertion: Assertion) -> str:
    """Shows the first column of up to three rows, if it is a number: the others may be about people."""
    try:
        rows = swap.rows(assertion.query)
    except QueryFailed as error:
        return f"its query failed ({error})"
    keys = [str(key) for row in rows[:KEYS_SHOWN] if row and isinstance(key := next(iter(row.values())), int)]
    among = f", among them {', '.join(keys)}" if keys else ""
    return f"{len(rows):,} rows break it{among}" if rows else ""
