"""What a person should know about a recovery to a moment."""

from collections.abc import Iterator
from itertools import islice

from schoolkeeper.catalogue.recover.point_in_time.facts import (
    LaterWork,
    Left,
    Live,
    PointFacts,
    PointOptions,
    Record,
    Recovered,
    TableDifference,
)
from schoolkeeper.catalogue.recover.point_in_time.guarding import objections
from schoolkeeper.connectors.local_time import shown
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
# One finding each up to here: nobody reads a thousand.
SHOWN = 50
# Up to here it is less trouble to bring rows back than everybody's later work.
FEW_TABLES = 3
OWN = frozenset({"by_hand", "maintenance"})
HINTS = {
    "by_hand": "Set it with ALTER DATABASE or ALTER ROLE … IN DATABASE, as it was.",
    "maintenance": "Run the product's command by hand, and look at the ERP's pages.",
    "differs": "Look at this in the recovered database, and decide whether to go back.",
}


def verdicts(facts: PointFacts, options: PointOptions) -> Iterator[Verdict]:
    """Before the recovery what it would bring, afterwards what it brought."""
    if facts.record is None:
        for one in objections(facts, options):
            yield "refused", Level.ERROR, one.says, one.rule, one.hint
        if facts.recovered is not None:
            yield from _seen(facts, facts.recovered, options)
    elif facts.live is not None:
        yield from _done(facts.record)
        yield from not_in_place(facts.live)
    for left in facts.left:
        yield _aside(left)


def not_in_place(live: Live) -> Iterator[Verdict]:
    """What the server says against the recovery, whatever its steps said."""
    hint = "Do not let anybody in. Read the run's steps, then repeat it or go back by hand (docs/recovery.md)."
    if not live.in_place:
        says = "Under the name of the recovered database is none, or another one."
        yield "not_in_place", Level.ERROR, says, "database", hint
    elif not live.is_open:
        yield "not_in_place", Level.ERROR, "The recovered database takes no connections.", "database", hint


def reached(recovered: Recovered, zone: str) -> str:
    """Where the replay really ended, for people."""
    if recovered.ended_at is None:
        return "as it was when the copy was taken: nothing was committed between it and the moment"
    return f"with everything up to the last transaction before the moment, of {shown(recovered.ended_at, zone)}"


def lost(later: LaterWork) -> str:
    """What would be taken from people, in words."""
    least = "" if later.complete else "at least "
    return (
        f"{least}{later.transactions:,} transactions were committed from then on, with {later.inserted:,} rows "
        f"entered, {later.updated:,} changed and {later.deleted:,} deleted"
    )


def _seen(facts: PointFacts, recovered: Recovered, options: PointOptions) -> Iterator[Verdict]:
    zone = facts.timezone
    says = f"It was recovered on a scratch server {reached(recovered, zone)}: {recovered.rows:,} rows."
    yield "reached", Level.INFO, says, "", "Make sure that this is the moment that you mean."
    if facts.asked.zone_assumed and facts.asked.time is not None:
        says = f"{facts.asked.name} was taken as a clock in {zone} shows it: {shown(facts.asked.time, zone)}."
        yield "zone", Level.INFO, says, "", "If it was meant otherwise, write the time with its distance from UTC."
    swaps = options.into == "swap"
    if recovered.later is not None and recovered.later.transactions:
        gone = "would be lost in the ERP (and kept aside)" if swaps else "is not in the recovered database"
        says = f"What came after the moment {gone}: {lost(recovered.later)}, as far as the log is archived."
        hint = "`schoolkeeper backups timeline` shows them one by one."
        yield "lost", Level.WARNING if swaps else Level.INFO, says, "", hint
    yield from _differing(recovered.differs or [])
    for code, rows in recovered.broken.items():
        count = "its query failed" if rows < 0 else f"{rows:,} rows break it"
        says = f"In the recovered database a rule of the product does not hold: {count}."
        yield "integrity", Level.WARNING, says, code, "Look whether it held before the mistake at all."


def _differing(differs: list[TableDifference]) -> Iterator[Verdict]:
    for one in islice(differs, SHOWN):
        then, now = _count(one.rows), _count(one.rows_now)
        says = f"{one.table}: {then} then, {now} now" + (", of other content." if then == now else ".")
        yield "table_differs", Level.INFO, says, one.table, ""
    if len(differs) > SHOWN:
        says = f"{len(differs) - SHOWN:,} more tables are not now what they were then."
        yield "table_differs", Level.INFO, says, "", ""
    if 0 < len(differs) <= FEW_TABLES:
        says = f"Only {len(differs)} tables differ: {', '.join(one.table for one in differs)}."
        hint = (
            "Bring their rows back with recover.rows, or put this database beside the live one (into=beside) and "
            "take rows from it: then nobody's later work is lost."
        )
        yield "few_tables", Level.INFO, says, "", hint


def _count(rows: int | None) -> str:
    return "no such table" if rows is None else f"{rows:,} rows"


def _done(record: Record) -> Iterator[Verdict]:
    if record.into == "beside":
        says = f"The recovered database is there as {record.name}, beside the live one."
        hint = f'Look into it, take rows from it; then remove it: DROP DATABASE "{record.name}"'
        yield "beside", Level.INFO, says, record.name, hint
    for fault in islice(record.faults, SHOWN):
        suffix = fault.code if fault.code in OWN else "differs"
        expected = f" (expected: {fault.expected})" if fault.expected else ""
        says = f"{fault.subject}: {fault.found or 'differs'}{expected}."
        level = Level.INFO if fault.level == "info" else Level.WARNING
        yield suffix, level, says, fault.subject, HINTS[suffix]
    for role in record.roles_made:
        says = f"The role {role} was missing on the server; it was made without a password and may not sign in."
        hint = f'If the ERP or a person signs in with it: ALTER ROLE "{role}" LOGIN, then \\password {role}.'
        yield "role_made", Level.WARNING, says, role, hint


def _aside(left: Left) -> Verdict:
    size = "of unknown size" if left.size_bytes is None else f"{left.size_bytes / 1e6:,.1f} MB"
    says = f"The database {left.name} ({size}) lies aside: a recovery put it there."
    hint = f'When nobody needs it any more, remove it: DROP DATABASE "{left.name}"'
    return "left_aside", Level.WARNING, says, left.name, hint
