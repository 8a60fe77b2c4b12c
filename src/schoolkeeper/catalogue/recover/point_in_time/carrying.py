"""Carrying out the steps and their inverses; each may be repeated after an interruption."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from schoolkeeper.catalogue.recover.point_in_time import recording
from schoolkeeper.catalogue.recover.point_in_time.facts import Asked, ChosenCopy, Into, Record, Recovered
from schoolkeeper.catalogue.recover.point_in_time.recovering import SEEN
from schoolkeeper.catalogue.recover.point_in_time.restoring import DUMP, compare, restore
from schoolkeeper.catalogue.recover.point_in_time.rewinding import DATABASE, Result, Rewind, contents_of
from schoolkeeper.catalogue.recover.system import maintaining
from schoolkeeper.catalogue.recover.system.looking import administration_of
from schoolkeeper.catalogue.recover.system.recording import record_path, tag_of
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.postgres.target import look_at_target
from schoolkeeper.connectors.store.planting import remove_tree
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.kernel.plan import Action

NOTHING = "nothing"


def carry_out(action: Action, act: Act) -> Result:
    """Carry out a step or an inverse."""
    verb = action.verb
    if verb == "begin":
        return _begin(act, action.arguments)
    if verb not in WORK:
        raise Permanent(f"recover.point_in_time knows no action {verb!r}")
    record = recording.read_record(act.run)
    if record is None:
        if verb in INVERSES:
            return {}  # the first step was never taken, so no other was
        raise Permanent("this recovery has not begun")
    try:
        return WORK[verb](Rewind(act, record)) or {}
    except OSError as error:
        raise Permanent(f"{error.filename or 'a file'}: {error.strerror or error}") from error


def _begin(act: Act, given: Result) -> Result:
    """Write down what is there, which is what was approved: what it was planned for, and nothing else."""
    if recording.read_record(act.run) is not None:
        return {"begun": "already"}
    administration, tag = administration_of(act.system, DATABASE), tag_of(act.run)
    contents = contents_of(act, str(given["contents_sha256"]))
    seen = recording.read(act.workspace / recording.FOLDER / SEEN, Recovered)
    target = look_at_target(administration, contents)
    if seen is None or target.digest() != given["target"]:
        raise Permanent("the database on the server has changed since this was planned; plan it again")
    into: Into = "swap" if given["into"] == "swap" else "beside"
    swap = recording.swap_of(administration, tag, into)
    record = Record(
        tag=tag,
        started_at=act.run.started_at,
        into=into,
        name=swap.restored if into == "beside" else swap.database,
        engine=str(given["engine"]),
        chosen=ChosenCopy.model_validate(given["chosen"]),
        asked=Asked.model_validate(given["asked"]),
        database=target,
        recovered=seen,
        maintenance_was_on=maintaining.is_closed(act.look),
    )
    recording.write(record_path(act.run), record)
    return {"record": str(record_path(act.run))}


def _close(rewind: Rewind) -> Result:
    if rewind.record.concluded_at is not None:
        return {}
    problem = maintaining.close(rewind.act)
    if problem:
        fault = Fault(code="maintenance", subject="on", found=problem, level="warning")
        rewind.note(faults=[*(one for one in rewind.record.faults if one.code != "maintenance"), fault])
    return {"problem": problem}


def _reopen(rewind: Rewind) -> Result:
    return {"problem": "" if rewind.record.maintenance_was_on else maintaining.open_again(rewind.act)}


def _swap(rewind: Rewind) -> Result:
    oid = rewind.record.restored_oid
    if oid is None or not rewind.record.is_compared:
        raise Permanent("the database was not restored and compared, so nothing is put in its place")
    swap = rewind.swap
    if rewind.record.concluded_at is None:
        swap.swap(oid)
    return {"aside": swap.before}


def _conclude(rewind: Rewind) -> Result:
    if rewind.record.concluded_at is not None:
        return {}
    if not rewind.record.is_compared:
        raise Permanent("the database was not restored and compared")
    faults = list(rewind.record.faults)
    if rewind.record.into == "swap":
        rewind.swap.open()
        failpoint("recover.point_in_time.opened")
        if problem := maintaining.open_again(rewind.act):
            faults.append(Fault(code="maintenance", subject="off", found=problem, level="warning"))
    rewind.note(concluded_at=datetime.now(UTC), faults=faults)
    return {"name": rewind.record.name}


def _unconclude(rewind: Rewind) -> None:
    rewind.note(concluded_at=None)


def _swap_back(rewind: Rewind) -> None:
    target = rewind.record.database
    rewind.swap.swap_back(rewind.record.restored_oid, target.oid, target.allows_connections)


def _discard(rewind: Rewind) -> None:
    rewind.swap.drop()
    rewind.swap.drop_roles(rewind.record.database.absent_roles)
    remove_tree(rewind.act.workspace / recording.FOLDER / DUMP)
    rewind.note(restored_oid=None, is_compared=False, faults=[], roles_made=[])


def _forget(rewind: Rewind) -> None:
    record_path(rewind.act.run).unlink(missing_ok=True)


def _nothing(rewind: Rewind) -> None:
    return None


INVERSES: Mapping[str, Callable[[Rewind], Result | None]] = {
    NOTHING: _nothing,
    "forget": _forget,
    "reopen": _reopen,
    "discard": _discard,
    "swap_back": _swap_back,
    "unconclude": _unconclude,
}
WORK: Mapping[str, Callable[[Rewind], Result | None]] = {
    "close": _close,
    "restore": restore,
    "compare": compare,
    "swap": _swap,
    "conclude": _conclude,
    **INVERSES,
}
