"""From the scratch server to beside the live database, and whether it came there whole."""

from schoolkeeper.catalogue.backup.drill.comparing import differences
from schoolkeeper.catalogue.recover.point_in_time.recording import FOLDER
from schoolkeeper.catalogue.recover.point_in_time.recovering import COPY, source_of
from schoolkeeper.catalogue.recover.point_in_time.rewinding import Result, Rewind
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.replacement import RESTORE
from schoolkeeper.connectors.postgres.scratch import RESTORED, PostgresScratch, observe
from schoolkeeper.connectors.postgres.settling import settle
from schoolkeeper.connectors.scratch_servers import scratch_server
from schoolkeeper.connectors.store.planting import remove_tree
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint

JOBS = 2
DUMP = "dump"
BY_HAND = "not set by itself: it changes who sessions are, or loads a library, or was refused"
# An extension has the version that is installed on the server, whatever it was then.
EXTENSION = "extension "


def restore(rewind: Rewind) -> Result:
    """From the scratch server to beside the live database. An interrupted attempt starts over."""
    swap, target, contents = rewind.swap, rewind.record.database, rewind.contents
    if rewind.record.restored_oid is not None:
        return {"restored": "already"}
    made = swap.create_roles(contents.roles)
    faults = swap.create(contents.source)
    failpoint("recover.point_in_time.database_made")
    _load(rewind, swap.administration.address(swap.restored))
    with swap.administration.working(swap.restored) as connection:
        connection.execute("ANALYZE")
    swap.dress(target.owner or target.login)
    with swap.administration.working() as connection:
        faults += [
            fault.model_copy(update={"code": "by_hand", "found": BY_HAND, "level": "warning"})
            for fault in settle(connection, swap.restored, contents.settings)
        ]
    failpoint("recover.point_in_time.database_restored")
    roles = sorted({*made, *(name for name in target.absent_roles if name in contents.roles)})
    rewind.note(restored_oid=swap.oid(swap.restored), roles_made=roles, faults=[*rewind.record.faults, *faults])
    return {"tables": len(contents.tables)}


def _load(rewind: Rewind, address: str) -> None:
    """The dump lies in our workspace only for as long as it is loaded."""
    folder = rewind.act.workspace / FOLDER
    if not (folder / COPY).is_dir():
        raise Permanent("the recovered copy is not there any more; plan it again")
    server = scratch_server(folder / COPY, source_of(rewind.record.database))
    assert isinstance(server, PostgresScratch)
    dump, programs = folder / DUMP, tools.for_dump(rewind.record.database.server_major)
    try:
        remove_tree(dump)
        taken = ("--format=directory", "--compress=0", f"--jobs={JOBS}", f"--file={dump}")
        _done("pg_dump", tools.run(server.cluster.dsn(RESTORED), programs, "pg_dump", taken))
        failpoint("recover.point_in_time.dumped")
        _done("pg_restore", tools.run(address, programs, "pg_restore", [*RESTORE, str(dump)]))
    finally:
        server.stop()
        remove_tree(dump)


def _done(program: str, said: str) -> None:
    """Only lines that quote no rows."""
    if said:
        lines = [line for line in said.splitlines() if "error:" in line and "COPY" not in line]
        raise Permanent(f"{program} gave up: {' '.join(lines) or 'it ended with an error'}")


def compare(rewind: Rewind) -> Result:
    """Raises Permanent when something differs: nothing that users see has been touched yet."""
    if rewind.record.is_compared:
        return {"compared": "already"}
    swap = rewind.swap
    found = observe(swap.administration.address(swap.restored))
    faults = [
        fault.model_copy(update={"level": "warning"}) if fault.subject.startswith(EXTENSION) else fault
        for fault in differences(rewind.contents, found)
    ]
    if grave := [fault for fault in faults if fault.level == "error"]:
        more = f", and {len(grave) - 1} more" if len(grave) > 1 else ""
        raise Permanent(
            f"What was restored is not what was recovered: {grave[0].subject}: {grave[0].found or 'differs'}"
            f"{more}. Nothing was replaced."
        )
    rewind.note(is_compared=True, faults=[*rewind.record.faults, *faults])
    return {"tables": len(found.tables), "rows": sum(one.rows for one in found.tables.values())}
