"""Everything that speaks against a recovery: pure. What can be known without recovering is asked before it."""

from collections.abc import Iterator
from datetime import datetime

from schoolkeeper.catalogue.recover.point_in_time.facts import ChosenCopy, PointFacts, PointOptions
from schoolkeeper.catalogue.recover.point_in_time.moments import NOT_YET
from schoolkeeper.catalogue.recover.system.guarding import Objection
from schoolkeeper.connectors.local_time import shown
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.space import lacking

# A restored database takes more room than its rows: indexes, and the log of what is written meanwhile.
SPACE_FACTOR = 2
HINT_COPIES = "The engine's own list shows the copies there are; take one, or leave copy_id out."


def objections(facts: PointFacts, options: PointOptions) -> list[Objection]:
    """Every reason not to recover."""
    found = list(_typed(facts, options))
    found += _server(facts, facts.database)
    if facts.engine_fault:
        says = f"There is no tool to recover with: {facts.engine_fault}."
        found.append(Objection("engine", says, "Name it with engine=, or add it to the definition."))
        return found
    if facts.archive_of not in ("", facts.database.system_identifier):
        return [*found, _of_another(facts, facts.archive_of)]
    found += _moment(facts)
    if not facts.asked.fault and facts.chosen is None:
        found.append(_no_copy(facts, options))
    if facts.chosen is not None:
        found += _copy(facts, facts.chosen)
    return [*found, *_space(facts)]


def _typed(facts: PointFacts, options: PointOptions) -> Iterator[Objection]:
    if options.confirm != facts.system:
        yield Objection(
            "confirm",
            f"The option confirm says {options.confirm!r}, and the database is that of {facts.system!r}.",
            f"Make sure that you mean this system, then type confirm={facts.system}.",
        )


def _moment(facts: PointFacts) -> Iterator[Objection]:
    asked, zone = facts.asked, facts.timezone
    if asked.fault:
        yield Objection("moment", f"{asked.fault}.", asked.hint)
    elif facts.unreached:
        says = f"The moment was not reached: {facts.unreached}."
        yield Objection("moment", says, "Nothing was changed. Choose another moment or copy.")
    if asked.what != "time" or asked.time is None:
        return
    if asked.time > facts.now:
        yield Objection("moment", f"{shown(asked.time, zone)} is in the future.", "Choose a moment that is over.")
    elif facts.archived_until is None:
        yield Objection("moment", "Nothing of the server's log is archived.", "Mend the archiving first.")
    elif _day(asked.time) > facts.archived_until:
        says = f"The log is archived until {shown(facts.archived_until, zone)}, and the moment is later."
        yield Objection("moment", says, f"If nothing was entered in between, say latest=true. {NOT_YET}")


def _day(moment: datetime) -> datetime:
    """Without what engines do not tell of the times of their files."""
    return moment.replace(microsecond=0)


def _no_copy(facts: PointFacts, options: PointOptions) -> Objection:
    if options.copy_id:
        return Objection("copy", f"There is no whole copy {options.copy_id}.", HINT_COPIES)
    if not facts.copies:
        return Objection("copy", "There is no whole copy of the server.", "Take one with backup.create.")
    oldest = shown(facts.copies[0], facts.timezone)
    says = f"The moment is before the oldest copy, which was complete at {oldest}."
    return Objection("copy", says, "What is older can only come from a backup set: recover.system, recover.rows.")


def _copy(facts: PointFacts, chosen: ChosenCopy) -> Iterator[Objection]:
    if facts.asked.time is not None and chosen.completed_at > facts.asked.time:
        complete = shown(chosen.completed_at, facts.timezone)
        says = f"The copy {chosen.id} was complete only at {complete}, after the moment."
        yield Objection("copy", says, "Take an older one, or leave copy_id out.")
    seen = facts.recovered.system_identifier if facts.recovered else chosen.system_identifier
    here = facts.database.system_identifier
    if here is None or {seen, chosen.system_identifier} != {here}:
        yield _of_another(facts, chosen.system_identifier)


def _of_another(facts: PointFacts, identifier: str) -> Objection:
    here = facts.database
    says = (
        f"What {facts.engine} keeps is of the server {identifier}, and the database {here.database} is on the "
        f"server {here.system_identifier or 'of unknown identity'}."
    )
    return Objection("identity", says, "Correct the address of the database, or the engine, in the definition.")


def _server(facts: PointFacts, target: DatabaseTarget) -> Iterator[Objection]:
    if facts.tablespaces:
        says = (
            f"The server has tablespaces ({', '.join(facts.tablespaces)}): a recovery beside it could empty them."
        )
        yield Objection("tablespaces", says, "Recover by hand on another machine, with the engine's own commands.")
    if target.is_template:
        says = f"The database {target.database} is a template, which no ERP works in."
        yield Objection("template", says, "Correct the database's address in the definition.")
    if target.in_recovery or target.read_only:
        why = "is a standby" if target.in_recovery else "lets this role read only"
        hint = "Name the primary server and a role without default_transaction_read_only."
        yield Objection("read_only", f"The database server {why}.", hint)
    if not target.same_server:
        says = "The admin_dsn of the component leads to another server than its dsn, or nobody can tell."
        yield Objection("admin_dsn", says, "Correct it in the definition.")
    if target.prepared_transactions:
        says = f"{target.prepared_transactions} prepared transactions hold the database {target.database}."
        yield Objection("prepared", says, "Commit them or roll them back: see pg_prepared_xacts.")
    for name in target.absent_extensions:
        says = f"What was recovered needs the extension {name}, which the server does not have."
        yield Objection(f"extension {name}", says, "Install its package on the database server.")
    if target.lacking:
        says = f"The role {target.role} lacks: {'; '.join(target.lacking)}."
        yield Objection("rights", says, "Grant this, or name a role that has it in the component's admin_dsn.")


def _space(facts: PointFacts) -> Iterator[Objection]:
    """What is recovered already has its room."""
    if facts.server_bytes is None or facts.database_bytes is None:
        return
    copied = 0 if facts.recovered else facts.server_bytes
    wanted = [(facts.workspace, copied + facts.database_bytes)]
    wanted.append((facts.database.space, SPACE_FACTOR * facts.database_bytes))
    for needed_bytes, free_bytes in lacking(wanted):
        says = (
            f"The recovery needs {needed_bytes / 1e9:,.1f} GB on a disk with {free_bytes / 1e9:,.1f} GB "
            "free: for a copy of the whole server, and the recovered database beside the live one."
        )
        yield Objection("space", says, "Make room, or recover on a larger disk.")
