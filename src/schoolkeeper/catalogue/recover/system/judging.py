"""What a person should know about a recovery."""

from collections.abc import Iterator
from itertools import islice

from schoolkeeper.catalogue.recover.system.facts import Left, Live, Record, RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.guarding import objections
from schoolkeeper.connectors.databases.replacement import Why
from schoolkeeper.connectors.mariadb.accounts import Account
from schoolkeeper.connectors.postgres.swapping import quoted
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
LEVELS = {"info": Level.INFO, "warning": Level.WARNING, "error": Level.ERROR, "unknown": Level.UNKNOWN}
# One finding each up to here: nobody reads a thousand.
SHOWN = 100
OWN = frozenset({"integrity", "by_hand", "maintenance", "let_in"})
HINTS = {
    "let_in": "It had no part in the ERP's work if maintenance mode was on; else look at what it wrote meanwhile.",
    "integrity": "The set says the same of itself: look at these rows in the ERP.",
    "maintenance": "Run the product's command by hand, and look at the ERP's pages.",
    "differs": "Look at this in the ERP, and decide whether to go back to what was there before.",
}
WHY: dict[Why, str] = {
    "replaced": "it is what a recovery replaced",
    "abandoned": "a recovery that was given up left it behind",
    "undone": "a recovery was taken back after it had been opened, and this holds what was entered meanwhile",
}


BY_HAND = {
    "postgres": "Do it with ALTER DATABASE, ALTER ROLE … IN DATABASE, REVOKE or CREATE SUBSCRIPTION.",
    "mariadb": "Do it with SET GLOBAL and in the server's configuration, with GRANT, or with CREATE EVENT.",
    "sqlite": "Do it with the product's own tools.",
}


def verdicts(facts: RecoverFacts, options: SystemOptions) -> Iterator[Verdict]:
    if facts.record is None or not facts.is_concluded:
        for one in objections(facts, options):
            yield "refused", Level.ERROR, one.says, one.rule, one.hint
        yield from _space(facts)
    else:
        yield from _done(facts.record)
        if facts.live is not None:
            yield from not_in_place(facts.live)
            yield from _since(facts.live, facts.record)
    for left in facts.left:
        yield _aside(left)


def not_in_place(live: Live) -> Iterator[Verdict]:
    """What the server and the file system say against the recovery, whatever its steps said."""
    hint = "Do not let anybody in. Read the run's steps, then repeat it or go back by hand (docs/recovery.md)."
    if not live.database_in_place:
        says = "The database under the ERP's name is not the one that was restored."
        yield "not_in_place", Level.ERROR, says, "database", hint
    elif not live.database_open:
        yield "not_in_place", Level.ERROR, "The restored database takes no connections.", "database", hint
    for name in live.folders_not_in_place:
        says = f"The folder {name} is not the one that was restored."
        yield "not_in_place", Level.ERROR, says, name, hint


def _done(record: Record) -> Iterator[Verdict]:
    for fault in islice(record.faults, SHOWN):
        suffix = fault.code if fault.code in OWN else "differs"
        level = Level.WARNING if LEVELS[fault.level] >= Level.WARNING else Level.INFO
        expected = f" (expected: {fault.expected})" if fault.expected else ""
        yield (
            suffix,
            level,
            f"{fault.subject}: {fault.found or 'differs'}{expected}.",
            fault.subject,
            BY_HAND[record.database.product] if suffix == "by_hand" else HINTS[suffix],
        )
    for role in record.roles_made:
        says = f"The role {role} was missing on this server; it was made without a password and may not sign in."
        hint = f"If the ERP or a person signs in with it: {_letting_in(record, role)}."
        yield "role_made", Level.WARNING, says, role, hint


def _letting_in(record: Record, role: str) -> str:
    if record.database.product == "mariadb":
        name = Account.of(role).sql()
        return f"ALTER USER {name} IDENTIFIED BY '…', then ALTER USER {name} ACCOUNT UNLOCK"
    return f"ALTER ROLE {quoted(role)} LOGIN, then \\password {quoted(role)}"


def _since(live: Live, record: Record) -> Iterator[Verdict]:
    """No reason to go back: it was compared before it was opened, and some ERPs change their schema at the first
    page that is asked for."""
    known = {(fault.code, fault.subject) for fault in record.faults}
    new = (fault for fault in live.faults if (fault.code, fault.subject) not in known)
    for fault in islice(new, SHOWN):
        says = f"{fault.subject}: {fault.found or 'differs'} since the database was opened."
        hint = "Perhaps the ERP has upgraded its schema: compare the version of its code with that of the set."
        yield "differs", Level.WARNING, says, fault.subject, hint


def _space(facts: RecoverFacts) -> Iterator[Verdict]:
    if facts.database is not None and facts.database.space is None:
        says = "How much room the database server has could not be seen from here."
        hint = "Make sure that it has twice the size of the database free."
        yield "space_unseen", Level.INFO, says, "database", hint


def _aside(left: Left) -> Verdict:
    size = "of unknown size" if left.size_bytes is None else f"{left.size_bytes / 1e6:,.1f} MB"
    says = f"The {left.what} {left.name} ({size}) lies aside: {WHY[left.why]}."
    hint = f"When nobody needs it any more, remove it: {left.removing}"
    return "left_aside", Level.WARNING, says, left.name, hint
