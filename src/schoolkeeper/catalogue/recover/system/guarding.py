"""Everything that speaks against a recovery: pure, asked before anything is done, all of it told at once.

The matrix of what may go where stands in docs/decisions/0012-wrong-target.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import PurePath

from schoolkeeper.catalogue.recover.system.facts import ChosenSet, RecoverFacts, SystemOptions
from schoolkeeper.connectors.files.swapping import FolderTarget
from schoolkeeper.connectors.mariadb.binaries import release_of
from schoolkeeper.connectors.mariadb.target import MariadbTarget
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.replacements import AnyTarget
from schoolkeeper.connectors.space import lacking
from schoolkeeper.connectors.sqlite.target import SqliteTarget

# A restored database takes more room than its dump: indexes, and the log of what is written meanwhile.
SPACE_FACTOR = 2
UNPROVEN = {
    "fails": "its newest drill failed",
    "none": "nobody has proven it",
    "suspect": "it is not signed, although sets were signed by then, so somebody else may have written it",
}


@dataclass(frozen=True, slots=True)
class Objection:
    """`rule` is the finding's subject; `hint` is what would satisfy it."""

    rule: str
    says: str
    hint: str


def objections(facts: RecoverFacts, options: SystemOptions) -> list[Objection]:
    """Every reason not to recover."""
    found = list(_typed(facts, options))
    if facts.chosen is None:
        return [*found, *_no_set(facts)]
    found += [*_set(facts, facts.chosen, options), *_matrix(facts, facts.chosen, options)]
    if facts.database is not None:
        found += _identity(facts, facts.chosen, facts.database, options)
        found += _database(facts.chosen, facts.database, options)
    for folder in facts.folders:
        found += _folder(folder, options)
    found += _nested(facts)
    return [*found, *_space(facts, facts.chosen)]


def _typed(facts: RecoverFacts, options: SystemOptions) -> Iterator[Objection]:
    if options.confirm != facts.system:
        yield Objection(
            "confirm",
            f"The option confirm says {options.confirm!r}, and what would be replaced is {facts.system!r}.",
            f"Make sure that you mean this system, then type confirm={facts.system}.",
        )


def _no_set(facts: RecoverFacts) -> Iterator[Objection]:
    if facts.unsound:
        yield Objection("set", f"The set {facts.asked_for} cannot be used: {facts.unsound}.", "Take another set.")
    else:
        which = f"no set {facts.asked_for}" if facts.asked_for else "no set"
        yield Objection("set", f"There is {which} of this system in the store.", "List the sets and name one.")


def _set(facts: RecoverFacts, chosen: ChosenSet, options: SystemOptions) -> Iterator[Objection]:
    if facts.obstacle:
        hint = "Put this right; without it the set cannot be read."
        yield Objection("key", f"The set {chosen.id} cannot be opened: {facts.obstacle}.", hint)
    if chosen.proof != "holds" and not options.unproven:
        why = UNPROVEN[chosen.proof]
        hint = "Take a proven set, prove this one with backup.drill, or say unproven=true."
        yield Objection("proof", f"The set {chosen.id} may not restore: {why}.", hint)
    if chosen.source.product != facts.database_kind:
        says = f"The set holds a {chosen.source.product} database and the target is {facts.database_kind}."
        yield Objection("product", says, "Correct the definition: a set goes back into the product it came from.")
    yield from _held(facts, chosen)
    for component in facts.absent:
        says = f"The set holds the folder {component}, and the definition has no such component."
        yield Objection(f"folder {component}", says, "Add it to the definition of the system.")


def _held(facts: RecoverFacts, chosen: ChosenSet) -> Iterator[Objection]:
    """Another tool is asked for its parts, so it must be known here; and it knows them as those of the source."""
    for part in chosen.held:
        says = f"The part {part.component} of the set is kept by the backup tool {part.by}"
        if facts.is_clone:
            says += f", which knows it as one of {chosen.system}."
            yield Objection("held", says, f"Recover {chosen.system} itself, or restore that part with the tool.")
        elif not part.is_known:
            says += f", and the definition of {facts.system} names no such tool."
            yield Objection("held", says, "Add its component, as it was when the set was taken.")
        elif not part.is_there:
            yield Objection("held", f"{says}, which has lost it.", "Take another set.")


def _matrix(facts: RecoverFacts, chosen: ChosenSet, options: SystemOptions) -> Iterator[Objection]:
    if chosen.profile != facts.profile:
        says = f"The set is of the product {chosen.profile}, this system is {facts.profile}."
        yield Objection("profile", says, "Take a set of the same product.")
    if not facts.is_clone:
        if options.into and options.into != facts.system:
            says = f"The option into says {options.into!r}, and this system is {facts.system!r}."
            yield Objection("into", says, "Run the recovery on the system that it is meant for.")
        return
    whose = f"{chosen.system} ({chosen.environment})"
    if facts.environment == "production":
        says = f"The set is of {whose}; {facts.system} is in production and takes only sets of its own."
        yield Objection("environment", says, "Take a set of this system.")
        return
    if options.into != facts.system:
        says = f"The set is of {whose}, and it would replace {facts.system} ({facts.environment})."
        hint = f"If {facts.system} is to become a copy of it, say into={facts.system}."
        yield Objection("into", says, hint)
    if not facts.can_neutralise:
        says = "The profile does not say how a copy is kept from sending mail in the source's name."
        yield Objection("neutralise", says, "Add rehearsal.neutralise to the profile.")


def _identity(
    facts: RecoverFacts, chosen: ChosenSet, target: AnyTarget, options: SystemOptions
) -> Iterator[Objection]:
    source = (chosen.source.system_identifier, chosen.source.database)
    here = (target.system_identifier, target.database)
    if facts.is_clone:
        if source == here or (source[1] == here[1] and None in (source[0], here[0])):
            says = (
                f"The database {target.database} is the very one of {chosen.system} that the set was taken from, "
                "as far as anybody can tell."
            )
            yield Objection(
                "identity", says, f"Correct the database's address in the definition of {facts.system}."
            )
    elif source != here or source[0] is None:
        if not options.new_server:
            says = f"The set was taken from {_named(*source)}, and the target is {_named(*here)}."
            hint = "Correct the definition; only if the old server is lost for good, say new_server=true."
            yield Objection("identity", says, hint)
        elif target.is_empty is not True or any(not one.is_empty for one in facts.folders):
            says = "On a new server the target must be empty: what is there belongs to somebody."
            yield Objection("new_server", says, "Name an empty database and empty folders in the definition.")
    for other in facts.shared_with:
        says = (
            f"Sets of the system {other} were taken from the database {target.database}: it is in use by that one."
        )
        yield Objection("shared", says, "Correct the database's address in the definition of one of the two.")


def _named(identifier: str | None, database: str) -> str:
    return f"the database {database} of the server {identifier or 'of unknown identity'}"


def _database(chosen: ChosenSet, target: AnyTarget, options: SystemOptions) -> Iterator[Objection]:
    if target.is_empty is not True and not options.rename_aside:
        says = f"The database {target.database} is not empty."
        yield Objection("database", says, "To have it renamed aside and kept, say rename_aside=true.")
    match target:
        case DatabaseTarget():
            yield from _postgres(chosen, target)
        case MariadbTarget():
            yield from _mariadb(chosen, target)
        case SqliteTarget():
            yield from _sqlite(target)
    if not target.same_server:
        says = "The admin_dsn of the component leads to another server than its dsn, or nobody can tell."
        yield Objection("admin_dsn", says, "Correct it in the definition.")
    if target.lacking:
        says = f"The role {target.role} lacks: {'; '.join(target.lacking)}."
        hint = "Grant this, or name a role that has it in the component's admin_dsn."
        yield Objection("rights", says, hint)


def _postgres(chosen: ChosenSet, target: DatabaseTarget) -> Iterator[Objection]:
    if target.is_template:
        says = f"The database {target.database} is a template, which no ERP works in."
        yield Objection("template", says, "Correct the database's address in the definition.")
    if target.is_invalid:
        says = f"The database {target.database} is invalid: somebody began to remove it, and nothing can open it."
        hint = "Nothing in it can be kept: remove it with DROP DATABASE, then repeat this."
        yield Objection("invalid", says, hint)
    if target.in_recovery or target.read_only:
        why = "is a standby" if target.in_recovery else "lets this role read only"
        hint = "Name the primary server and a role without default_transaction_read_only."
        yield Objection("read_only", f"The database server {why}.", hint)
    if target.prepared_transactions:
        says = f"{target.prepared_transactions} prepared transactions hold the database {target.database}."
        yield Objection("prepared", says, "Commit them or roll them back: see pg_prepared_xacts.")
    if target.server_major < chosen.source.server_major:
        says = f"The set is of PostgreSQL {chosen.source.server_major}, the server is {target.server_major}."
        yield Objection("version", says, "Recover into the same or a newer version.")
    for name in target.absent_extensions:
        says = f"The set needs the extension {name}, which the server does not have."
        yield Objection(f"extension {name}", says, "Install its package on the database server.")


def _mariadb(chosen: ChosenSet, target: MariadbTarget) -> Iterator[Objection]:
    if target.is_replica or target.read_only:
        why = "is a replica" if target.is_replica else "is read-only"
        yield Objection("read_only", f"The database server {why}.", "Name the primary server.")
    if release_of(target.server_version) < release_of(chosen.source.server_version):
        says = f"The set is of MariaDB {chosen.source.server_version}, the server is {target.server_version}."
        yield Objection("version", says, "Recover into the same or a newer release.")
    if target.names_wanted not in ("", target.names):
        says = f"The server has lower_case_table_names={target.names}, that of the set {target.names_wanted}."
        hint = "Tables would get other names than the ERP asks for: set up the server like the old one."
        yield Objection("names", says, hint)
    if target.names_itself and target.database != chosen.source.database:
        says = (
            f"The {target.names_itself[0]}{_and_more(target.names_itself)} of the set calls its database "
            f"{chosen.source.database} by name; from {target.database} it would reach there."
        )
        yield Objection("name", says, f"Recover into a database that is called {chosen.source.database}.")
    if target.referenced_by:
        who = f"{target.referenced_by[0]}{_and_more(target.referenced_by)}"
        says = f"The table {who} of another database has a foreign key to this one."
        yield Objection(
            "references", says, "It would follow what is put aside: drop it, and make it anew afterwards."
        )


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _sqlite(target: SqliteTarget) -> Iterator[Objection]:
    if target.exists and not target.is_file:
        says = f"{target.path} is no file, or a link that leads elsewhere."
        yield Objection("database file", says, "Put the real path into the definition.")
    if not target.parent_exists:
        says = f"There is no folder for {target.path} to be in."
        yield Objection("database file", says, "Make it, or correct the definition.")
    elif target.read_only:
        hint = "Run as an account that may, on a file system that is not mounted read-only."
        yield Objection("read_only", f"Nothing can be made or renamed where {target.path} is.", hint)
    if target.sessions:
        says = f"The file is open in {', '.join(target.sessions)}: what they write would be lost."
        hint = "Stop the ERP's processes; SQLite has no server that could send them away."
        yield Objection("in_use", says, hint)


def _folder(folder: FolderTarget, options: SystemOptions) -> Iterator[Objection]:
    rule, path = f"folder {folder.component}", folder.path
    if folder.is_link:
        yield Objection(rule, f"{path} is a link that leads elsewhere.", "Put the real path into the definition.")
    elif folder.inode is not None and not folder.is_folder:
        yield Objection(rule, f"{path} is no folder.", "Correct the path in the definition.")
    elif folder.own_file_system:
        hint = "Let the component be a folder on that file system, such as its sub-folder."
        yield Objection(rule, f"{path} is a file system of its own, which cannot be renamed.", hint)
    elif not folder.is_empty and not options.rename_aside:
        yield Objection(rule, f"{path} is not empty.", "To have it renamed aside and kept, say rename_aside=true.")
    if not folder.parent_exists:
        yield Objection(rule, f"There is no folder for {path} to be in.", "Make it, or correct the definition.")
    elif not folder.parent_writable:
        hint = "Run as an account that may, on a file system that is not mounted read-only."
        yield Objection(rule, f"Nothing can be made or renamed where {path} is.", hint)


def _nested(facts: RecoverFacts) -> Iterator[Objection]:
    """A folder cannot change places while it lies within another one that does."""
    for outer, inner in permutations(facts.folders, 2):
        if PurePath(inner.path).is_relative_to(outer.path):
            says = f"{inner.path} lies within {outer.path}, and both are to change places."
            yield Objection(
                f"folder {inner.component}", says, "Lay one of them elsewhere, in the definition as well."
            )


def _space(facts: RecoverFacts, chosen: ChosenSet) -> Iterator[Objection]:
    sizes = {one.component: one.size_bytes for one in chosen.folders}
    wanted = [(folder.space, SPACE_FACTOR * sizes[folder.component]) for folder in facts.folders]
    wanted.append((facts.database.space if facts.database else None, SPACE_FACTOR * chosen.dump_bytes))
    wanted.append((facts.workspace, chosen.dump_bytes))
    for needed_bytes, free_bytes in lacking(wanted):
        says = (
            f"The recovery needs {needed_bytes / 1e9:,.1f} GB on a disk with {free_bytes / 1e9:,.1f} GB "
            "free: old and new lie side by side until it is done."
        )
        yield Objection("space", says, "Make room, or recover onto a larger disk.")
