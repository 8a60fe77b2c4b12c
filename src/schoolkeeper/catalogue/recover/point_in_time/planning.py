"""The steps: pure. The database as it was seen is restored beside the live one and compared, and changes places
with it only if that was asked for."""

from collections.abc import Iterator

from schoolkeeper.catalogue.recover.point_in_time.carrying import NOTHING
from schoolkeeper.catalogue.recover.point_in_time.facts import PointFacts, PointOptions, Recovered
from schoolkeeper.catalogue.recover.point_in_time.judging import lost, reached
from schoolkeeper.connectors.local_time import shown
from schoolkeeper.connectors.postgres.swapping import beside
from schoolkeeper.kernel.plan import Action, Step


def steps(facts: PointFacts, options: PointOptions) -> Iterator[Step]:
    """Users are kept out before anything is copied when the database is to change places, and let in last."""
    seen, chosen = facts.recovered, facts.chosen
    if seen is None or chosen is None:
        return
    swaps = options.into == "swap"
    given = {
        "engine": facts.engine,
        "chosen": chosen.model_dump(mode="json"),
        "asked": facts.asked.model_dump(mode="json"),
        "into": options.into,
        "contents_sha256": seen.contents_sha256,
        "target": facts.database.digest(),
    }

    def step(key: str, says: str, verb: str, inverse: str) -> Step:
        action, back = (Action(verb=one, arguments=given) for one in (verb, inverse))
        return Step(key=key, says=says, action=action, inverse=back)

    yield step("begin", _begins(facts, seen, swaps=swaps), "begin", "forget")
    if swaps and facts.maintenance:
        says = "Switch the ERP into maintenance mode, so that nobody works on what is about to be replaced."
        yield step("maintenance", says, "close", "reopen")
    says = f"Restore the recovered database ({seen.rows:,} rows) beside the live one."
    yield step("database:restore", says, "restore", "discard")
    says = "Compare every table, object, sequence and setting of it with what was recovered."
    yield step("database:compare", says, "compare", NOTHING)
    if swaps:
        yield step("database:swap", _swaps(facts), "swap", "swap_back")
        yield step("open", "Open the database, and end maintenance mode.", "conclude", "unconclude")
    else:
        name = beside(facts.database.database, "rewound", facts.tag)
        yield step(
            "leave", f"Leave it there as {name}; the live database stays as it is.", "conclude", "unconclude"
        )


def moment_of(facts: PointFacts) -> str:
    """The moment that was asked for, in words."""
    asked, zone = facts.asked, facts.timezone
    at = shown(asked.time, zone) if asked.time is not None else ""
    match asked.what:
        case "time":
            taken = f" ({asked.name} on a clock in {asked.zone_assumed})" if asked.zone_assumed else ""
            return f"to just before {at}{taken}"
        case "transaction":
            return f"to just before transaction {asked.name}, committed at {at}"
        case "restore point":
            return f"to the restore point {asked.name}"
        case _:
            return "to the end of all that was archived"


def _begins(facts: PointFacts, seen: Recovered, *, swaps: bool) -> str:
    later = f" {_sentence(lost(seen.later))}." if seen.later is not None else ""
    differs = "" if seen.differs is None else f" {len(seen.differs):,} tables are not now what they were then."
    which = "It takes the place of the live one" if swaps else "It is put beside the live one"
    fate = ", and what came after is kept aside and no longer in the ERP." if swaps else "."
    return (
        f"Write down how {facts.system} is now. Its database was recovered {moment_of(facts)}, "
        f"{reached(seen, facts.timezone)}. {which}{fate}{later}{differs}"
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _swaps(facts: PointFacts) -> str:
    target = facts.database
    if target.oid is None:
        return f"Give the recovered database the name {target.database}."
    users = ", ".join(f"{count} of {login or 'nobody'}" for login, count in target.sessions.items())
    sessions = f"end its sessions (now {users})" if users else "end its sessions"
    return (
        f"Close the database {target.database}, {sessions}, rename it to "
        f"{beside(target.database, 'before', facts.tag)} and the recovered one to {target.database}, both at once."
    )
