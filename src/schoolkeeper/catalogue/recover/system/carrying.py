"""The first and the last step, and handing each action to the one who carries it out."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from schoolkeeper.catalogue.recover.system import database, folders, maintaining
from schoolkeeper.catalogue.recover.system.facts import Record
from schoolkeeper.catalogue.recover.system.looking import folder_path
from schoolkeeper.catalogue.recover.system.recording import (
    keep_of,
    read_record,
    record_path,
    store_of,
    tag_of,
    write_record,
)
from schoolkeeper.catalogue.recover.system.working import Recovery
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.files.swapping import look_at_folder
from schoolkeeper.connectors.replacements import replacement
from schoolkeeper.connectors.restored import Unusable, contents_of
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.planting import remove_tree
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.kernel.plan import Action

Result = Mapping[str, object]


def targets_digest(record: Record) -> str:
    """What a plan is made for: the targets as they are, apart from what changes by itself."""
    return digest([record.database.digest(), *(folder.digest() for folder in record.folders)])


def carry_out(action: Action, act: Act) -> Result:
    """Carry out a step or an inverse. An inverse does without the store, whose loss may be why a step failed."""
    given = action.arguments
    place = store_of(act.system, str(given["store"]), str(given["source"]), act.run.signer)
    with nullcontext(place) if action.verb in INVERSES else place as store:
        if action.verb == "begin":
            return _begin(act, store, given)
        record = read_record(act.run)
        if record is None:
            if action.verb in INVERSES:
                return {}  # the first step was never taken, so no other was
            raise Permanent("this recovery has not begun")
        recovery = Recovery(act, store, record, given)
        try:
            return _do(recovery, action.verb, str(given.get("component", "")))
        except OSError as error:
            raise Permanent(f"{error.filename or 'a file'}: {error.strerror or error}") from error


def _begin(act: Act, store: StoreLook, given: Result) -> Result:
    """Write down what is there, which is what was approved: what it was planned for, and nothing else."""
    if read_record(act.run) is not None:
        return {"begun": "already"}
    set_id = str(given["set"])
    manifest = store.manifest(set_id)
    if manifest is None or store.manifest_sha256(set_id) != given["manifest_sha256"]:
        raise Permanent(f"the manifest of set {set_id} is not the one that this was planned with")
    try:
        contents = contents_of(store, manifest)
    except Unusable as error:
        raise Permanent(f"{error.fault.subject} cannot be used: {error.fault.found}") from error
    names = given["folders"]
    assert isinstance(names, list | tuple)
    paths = {str(name): folder_path(act.system, str(name)) for name in names}
    tag = tag_of(act.run)
    target = replacement(act.system, manifest.database.component, tag, keep_of(act.run)).look(contents)
    record = Record(
        set=set_id,
        tag=tag,
        started_at=act.run.started_at,
        database=target,
        folders=[look_at_folder(name, path) for name, path in paths.items() if path is not None],
        maintenance_was_on=maintaining.is_closed(act.look),
    )
    if targets_digest(record) != given["targets"]:
        raise Permanent("what is to be replaced has changed since this was planned; plan it again")
    write_record(act.run, record)
    return {"record": str(record_path(act.run))}


def _close(recovery: Recovery) -> Result:
    if recovery.concluded:
        return {}
    problem = maintaining.close(recovery.act)
    if problem:
        fault = Fault(code="maintenance", subject="on", found=problem, level="warning")
        recovery.note(faults=[*(one for one in recovery.record.faults if one.code != "maintenance"), fault])
    return {"problem": problem}


def _reopen(recovery: Recovery) -> Result:
    problem = "" if recovery.record.maintenance_was_on else maintaining.open_again(recovery.act)
    return {"problem": problem}


def _conclude(recovery: Recovery) -> Result:
    """Let everybody in again."""
    if recovery.concluded:
        return {}
    swap = recovery.database
    settled = recovery.checked(swap.settle(), database.THE_DATABASE)
    recovery.note(opened_at=datetime.now(UTC))  # before it is true: from here on nothing may be thrown away
    faults = [*settled, *swap.open(recovery.record.database)]
    failpoint("recover.system.opened")
    if problem := maintaining.open_again(recovery.act):
        faults.append(Fault(code="maintenance", subject="off", found=problem, level="warning"))
    remove_tree(recovery.act.run.workspace)
    recovery.note(concluded_at=datetime.now(UTC), faults=faults)
    return {"problem": problem}


def _unconclude(recovery: Recovery) -> Result:
    recovery.note(concluded_at=None)
    return {}


def _forget(recovery: Recovery) -> Result:
    Path(record_path(recovery.act.run)).unlink(missing_ok=True)
    return {}


DATABASE: Mapping[str, Callable[[Recovery], Result | None]] = {
    "close": _close,
    "restore_database": database.restore,
    "compare_database": database.compare,
    "neutralise_database": database.neutralise,
    "swap_database": database.swap_in,
    "conclude": _conclude,
    "forget": _forget,
    "reopen": _reopen,
    "discard_database": database.discard,
    "swap_database_back": database.swap_out,
    "unconclude": _unconclude,
}
FOLDERS: Mapping[str, Callable[[Recovery, str], Result | None]] = {
    "restore_folder": folders.restore,
    "swap_folder": folders.swap_in,
    "discard_folder": folders.discard,
    "swap_folder_back": folders.swap_out,
}
NOTHING = "nothing"
INVERSES = frozenset(
    {
        NOTHING,
        "forget",
        "reopen",
        "discard_database",
        "swap_database_back",
        "discard_folder",
        "swap_folder_back",
        "unconclude",
    }
)


def _do(recovery: Recovery, verb: str, component: str) -> Result:
    if verb in DATABASE:
        return DATABASE[verb](recovery) or {}
    if verb in FOLDERS:
        return FOLDERS[verb](recovery, component) or {}
    if verb != NOTHING:
        raise Permanent(f"recover.system knows no action {verb!r}")
    return {}
