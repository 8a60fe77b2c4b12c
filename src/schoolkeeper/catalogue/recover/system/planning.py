"""The steps of a recovery: pure. All is restored and compared beside what is there, then it changes places."""

from collections.abc import Iterator

from schoolkeeper.catalogue.recover.system.carrying import NOTHING
from schoolkeeper.catalogue.recover.system.facts import ChosenSet, RecoverFacts, SystemOptions
from schoolkeeper.connectors.mariadb import moving
from schoolkeeper.connectors.mariadb.target import MariadbTarget
from schoolkeeper.connectors.postgres.swapping import beside
from schoolkeeper.connectors.replacements import AnyTarget
from schoolkeeper.connectors.sqlite.target import SqliteTarget
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.plan import Action, Step


def steps(facts: RecoverFacts, options: SystemOptions) -> Iterator[Step]:
    """In the order that is safe. Users are kept out before anything is copied: what they entered meanwhile would
    not be in the set. The database changes places first, closed, and is opened last: nobody works on half an ERP.
    """
    chosen, database = facts.chosen, facts.database
    if chosen is None or database is None:
        return
    plan = _Plan(facts, options, chosen)
    yield plan.step("begin", _begins(facts, chosen), "begin", "forget")
    if facts.maintenance:
        says = "Switch the ERP into maintenance mode, so that nobody works on what is about to be replaced."
        yield plan.step("maintenance", says, "close", "reopen")
    says = f"Restore the database ({chosen.rows:,} rows) beside the one that is there."
    yield plan.step("database:restore", says, "restore_database", "discard_database")
    says = "Compare every table, object, sequence and setting of it with what was saved."
    yield plan.step("database:compare", says, "compare_database", NOTHING)
    if facts.is_clone:
        says = "Take from the copy what would make it act in its source's name: mail addresses, sessions, jobs."
        yield plan.step("database:neutralise", says, "neutralise_database", NOTHING)
    for part in facts.wanted_folders:
        says = f"Restore the folder {part.component} ({part.files:,} files) beside what is there, and compare it."
        key = f"files:{part.component}:restore"
        yield plan.step(key, says, "restore_folder", "discard_folder", component=part.component)
    yield plan.step("database:swap", _swaps(database, facts), "swap_database", "swap_database_back")
    for folder in facts.folders:
        says = f"Put the restored folder {folder.path} into its place."
        if folder.inode is not None:
            says = f"Rename {folder.path} aside, and put the restored folder into its place."
        key = f"files:{folder.component}:swap"
        yield plan.step(key, says, "swap_folder", "swap_folder_back", component=folder.component)
    yield plan.step("open", "Open the database, and end maintenance mode.", "conclude", "unconclude")


class _Plan:
    """Makes steps that all know the set, the store and the targets that they are meant for."""

    def __init__(self, facts: RecoverFacts, options: SystemOptions, chosen: ChosenSet) -> None:
        assert facts.database is not None
        self.given = {
            "set": chosen.id,
            "manifest_sha256": chosen.manifest_sha256,
            "store": options.store,
            "source": options.source,
            "database": chosen.component,
            "accept_damage": options.accept_damage,
            "folders": [folder.component for folder in facts.folders],
            "targets": digest([facts.database.digest(), *(folder.digest() for folder in facts.folders)]),
        }

    def step(self, key: str, says: str, verb: str, inverse: str, **more: object) -> Step:
        given = {**self.given, **more}
        return Step(
            key=key,
            says=says,
            action=Action(verb=verb, arguments=given),
            inverse=Action(verb=inverse, arguments=given),
        )


def _begins(facts: RecoverFacts, chosen: ChosenSet) -> str:
    made = f"{chosen.taken_at:%Y-%m-%d %H:%M} UTC"
    is_there = facts.database is not None and facts.database.exists
    kept = "is kept aside and no longer in the ERP" if is_there else "is not in the set"
    return (
        f"Write down how {facts.system} is now. It becomes what {chosen.system} was at {made} (set {chosen.id}): "
        f"whatever was entered since then {kept}."
    )


def _swaps(target: AnyTarget, facts: RecoverFacts) -> str:
    users = ", ".join(f"{count} of {login or 'nobody'}" for login, count in target.sessions.items())
    sessions = f"end its sessions (now {users})" if users else "end its sessions"
    match target:
        case SqliteTarget():
            aside = f"Rename {target.path} aside, and put" if target.exists else "Put"
            return f"{aside} the restored file into its place, closed."
        case MariadbTarget():
            aside = moving.beside(target.database, "before", facts.tag)
            return (
                f"Lock the accounts of the database {target.database}, {sessions}, move its tables to {aside} and "
                "the restored ones into their place, all at once; then make the views, triggers and routines of "
                "the set, and compare everything where it stands."
            )
    if not target.exists:
        return f"Give the restored database the name {target.database}."
    return (
        f"Close the database {target.database}, {sessions}, rename it to "
        f"{beside(target.database, 'before', facts.tag)} and the restored one to {target.database}, both at once."
    )
