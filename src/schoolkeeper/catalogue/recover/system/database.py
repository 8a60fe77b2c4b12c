"""The steps that concern the database."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from schoolkeeper.catalogue.backup.drill.comparing import differences
from schoolkeeper.catalogue.recover.system.working import Recovery
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.scratch import observe
from schoolkeeper.connectors.postgres.settling import settle
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.restored import Unusable, contents_of, fetch_dump
from schoolkeeper.connectors.store.planting import remove_tree
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.profiles.model import Assertion

JOBS = 2
KEYS_SHOWN = 3
RESTORE = ("--exit-on-error", f"--jobs={JOBS}", "--no-tablespaces", "--no-subscriptions")


def restore(recovery: Recovery) -> Mapping[str, object]:
    """Bring the database back beside the one that is there. An interrupted attempt starts over."""
    swap, target = recovery.database, recovery.record.database
    if recovery.record.restored_oid is not None:
        return {"restored": "already"}
    contents = _contents(recovery)
    made = swap.create_roles(contents.roles)
    faults = swap.create(contents.source)
    failpoint("recover.system.database_made")
    _load(recovery, swap.administration.address(swap.restored))
    with swap.administration.working(swap.restored) as connection:
        connection.execute("ANALYZE")
    swap.dress(target.owner or target.login)
    with swap.administration.working() as connection:
        by_hand = settle(connection, swap.restored, contents.settings)
    failpoint("recover.system.database_restored")
    known = recovery.checked([*faults, *map(_by_hand, by_hand), *_in_no_set(target)], "the database")
    roles = sorted({*made, *(name for name in target.absent_roles if name in contents.roles)})
    recovery.note(restored_oid=swap.oid(swap.restored), roles_made=roles, faults=known)
    return {"tables": len(contents.tables), "rows": recovery.manifest.database.rows}


def compare(recovery: Recovery) -> Mapping[str, object]:
    """Hold every table, object, sequence and setting against what was written down when it was saved, and ask what
    always holds in a sound database."""
    if recovery.record.is_compared:
        return {"compared": "already"}
    swap, contents = recovery.database, _contents(recovery)
    found = observe(swap.administration.address(swap.restored))
    told = {fault.subject for fault in recovery.record.faults if fault.code == "by_hand"}
    differing = [fault for fault in differences(contents, found) if fault.subject not in told]
    faults = [*differing, *_broken_rules(recovery)]
    recovery.note(is_compared=True, faults=recovery.checked(faults, "the database"))
    return {"tables": len(found.tables), "rows": sum(one.rows for one in found.tables.values())}


def neutralise(recovery: Recovery) -> Mapping[str, object]:
    """Keep a copy from acting in the name of its source; all of the profile's statements, or none."""
    rehearsal = recovery.act.look.profile.rehearsal
    if recovery.record.is_neutralised:
        return {"neutralised": "already"}
    if rehearsal is None:
        raise Permanent("the profile does not say how a copy is kept from acting")
    swap = recovery.database
    with swap.administration.working(swap.restored) as connection, connection.transaction():
        connection.execute("SET LOCAL default_transaction_read_only = off")
        for statement in rehearsal.neutralise.sql:
            connection.execute(statement.encode())
    recovery.note(is_neutralised=True)
    return {"statements": len(rehearsal.neutralise.sql)}


def swap_in(recovery: Recovery) -> Mapping[str, object]:
    """Close both databases, and let them change places."""
    restored_oid = recovery.record.restored_oid
    if restored_oid is None or not recovery.record.is_compared:
        raise Permanent("the database was not restored and compared, so nothing is put in its place")
    swap, target = recovery.database, recovery.record.database
    if not recovery.concluded:
        if swap.oid(swap.database) not in (restored_oid, target.oid):
            raise Permanent(f"{swap.database} is another database than when this began: somebody else is at it")
        swap.swap(restored_oid)
    return {"aside": swap.before}


def swap_out(recovery: Recovery) -> None:
    """Take `swap_in` back."""
    target = recovery.record.database
    recovery.database.swap_back(recovery.record.restored_oid, target.oid, target.allows_connections)


def discard(recovery: Recovery) -> None:
    """Take `restore` back: the restored database goes, and so do the roles that were made for it."""
    swap = recovery.database
    swap.drop()
    swap.drop_roles(recovery.record.database.absent_roles)
    remove_tree(recovery.act.run.workspace)
    recovery.note(restored_oid=None, is_compared=False, is_neutralised=False, faults=[], roles_made=[])


def _contents(recovery: Recovery) -> DatabaseContents:
    try:
        return contents_of(recovery.store, recovery.manifest)
    except Unusable as error:
        raise Permanent(f"{error.fault.subject} cannot be used: {error.fault.found}") from error


def _load(recovery: Recovery, address: str) -> None:
    """The dump lies decrypted in our workspace only for as long as it is loaded."""
    part = recovery.manifest.database
    folder = recovery.act.workspace / "recover"
    folder.mkdir(mode=0o700, exist_ok=True)
    dump = folder / "database.dump"
    major = max(part.source.server_major, int(part.dumped_by.removeprefix("pg_dump ").partition(".")[0]))
    try:
        fetch_dump(recovery.store, recovery.manifest, dump)
        failpoint("recover.system.dump_fetched")
        said = tools.run(address, tools.for_dump(major), "pg_restore", [*RESTORE, str(dump)])
    except Unusable as error:
        raise Permanent(f"{error.fault.subject} cannot be used: {error.fault.found}") from error
    finally:
        dump.unlink(missing_ok=True)
    if said:
        lines = [line for line in said.splitlines() if "error:" in line and "COPY" not in line]
        raise Permanent(f"pg_restore gave up: {' '.join(lines) or 'it ended with an error'}")


def _by_hand(fault: Fault) -> Fault:
    found = "not set by itself: it changes who sessions are, or loads a library, or was refused"
    return fault.model_copy(update={"code": "by_hand", "found": found, "level": "warning"})


def _in_no_set(target: DatabaseTarget) -> Iterator[Fault]:
    """What belongs to a database and is in no dump of it, and could not be taken over from the old one either."""
    if target.oid is None:
        subject, found = (
            f"privileges on the database {target.database}",
            "lost with the old one; everybody may connect",
        )
        yield Fault(code="by_hand", subject=subject, found=found, level="warning")
    if target.subscriptions:
        subject, found = f"subscriptions of {target.database}", "not made anew: they stay with the old database"
        yield Fault(code="by_hand", subject=subject, found=found, level="warning")


def _broken_rules(recovery: Recovery) -> list[Fault]:
    """What the restored database breaks it broke when it was saved: worth telling, no reason to stop."""
    swap, faults = recovery.database, []
    with swap.administration.into(swap.restored, default_transaction_read_only="on") as connection:
        for assertion in recovery.act.look.profile.integrity:
            if found := _broken(connection, assertion):
                fault = Fault(code="integrity", subject=assertion.code, expected=assertion.title, found=found)
                faults.append(fault.model_copy(update={"level": "warning"}))
    return faults


def _broken(connection: psycopg.Connection[Any], assertion: Assertion) -> str:
    """Shows the first column of up to three rows, if it is a number: the others may be about people."""
    try:
        rows = connection.execute(assertion.query.encode()).fetchall()
    except psycopg.Error as error:
        return f"its query failed ({type(error).__name__})"
    keys = [str(key) for row in rows[:KEYS_SHOWN] if row and isinstance(key := next(iter(row.values())), int)]
    among = f", among them {', '.join(keys)}" if keys else ""
    return f"{len(rows):,} rows break it{among}" if rows else ""
