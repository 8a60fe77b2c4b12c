"""What a person should know about the sets of a store."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from schoolkeeper.catalogue.backup.verify.copies import lacking
from schoolkeeper.catalogue.backup.verify.facts import Amount, Damage, VerifyFacts
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
# One finding per object up to here; a disk that lost everything needs no ten thousand of them.
SHOWN = 50
ANOTHER_SET = "Take another set with backup.create, and look at the disk or the service that the store is on."


def verdicts(facts: VerifyFacts) -> Iterator[Verdict]:
    yield from _age(facts)
    yield from _gone(facts)
    for set_id, fault in facts.unsound.items():
        says = (
            f"The backup set {set_id} cannot be used: {fault}. No pack is called unneeded as long as it is there."
        )
        yield "unsound", Level.ERROR, says, set_id, ANOTHER_SET
    yield from _signed(facts)
    yield from _damage(facts)
    yield from _unknown(facts)
    yield from _nobodys(facts)
    yield from _not_read(facts)
    yield from _lock(facts)
    yield from _copies(facts)


def _age(facts: VerifyFacts) -> Iterator[Verdict]:
    newest = facts.newest_sound
    if not facts.sets:
        yield (
            "no_set",
            Level.ERROR,
            f"The store {facts.store} holds no backup set of this system.",
            "",
            "Take one.",
        )
    elif newest is None:
        yield "overdue", Level.ERROR, "Not one backup set is whole.", "", ANOTHER_SET
    elif facts.now - newest.taken_at > facts.rpo:
        age, target = (_hours(one) for one in (facts.now - newest.taken_at, facts.rpo))
        says = f"The newest whole set in {facts.store} is {age} old; the target (RPO) is {target}."
        yield "overdue", Level.ERROR, says, "", "Take a set now, and find out why none came in time."


def _gone(facts: VerifyFacts) -> Iterator[Verdict]:
    if facts.gone:
        says = (
            f"Sets that are not in {facts.store} any more, although no rule of ours removed them: "
            f"{len(facts.gone):,} ({_some(facts.gone)})."
        )
        hint = "Look whether the right disk is mounted. If another store has them, backup.copy brings them back."
        yield "gone", Level.ERROR, says, facts.store, hint


def _some(ids: Sequence[str]) -> str:
    """The newest few of them."""
    return ", ".join(sorted(ids, reverse=True)[:3]) + ", …" * (len(ids) > 3)


def _signed(facts: VerifyFacts) -> Iterator[Verdict]:
    for set_id in facts.suspect:
        says = f"The set {set_id} is not signed, although sets were signed by the time it says it was taken."
        hint = "If nobody took it in a rescue without our key, somebody else wrote it: do not recover from it."
        yield "not_ours", Level.ERROR, says, set_id, hint
    for name, fault in facts.disbelieved.items():
        says = f"The proof {name} is not believed: {fault}."
        yield "not_ours", Level.ERROR, says, name, "Drill the set again, and find out who wrote to the store."
    if facts.unsigned:
        says = (
            f"{len(facts.unsigned):,} sets are not signed, such as {facts.unsigned[0]}: nobody can tell "
            "whose they are."
        )
        hint = "Sets that are taken from now on are; old ones go by the rule of retention."
        yield "unsigned", Level.INFO, says, facts.store, hint


def _damage(facts: VerifyFacts) -> Iterator[Verdict]:
    for one in facts.damaged[:SHOWN]:
        yield "damaged", Level.ERROR, f"{one.fault}; needed by {_sets(one)}.", one.name, ANOTHER_SET
    if rest := facts.damaged[SHOWN:]:
        says = f"{len(rest):,} more objects are damaged or gone, such as {rest[0].name}."
        yield "damaged", Level.ERROR, says, "", ANOTHER_SET


def _sets(one: Damage) -> str:
    others = f" and {len(one.sets) - 1} more" if len(one.sets) > 1 else ""
    return f"the set {one.sets[-1]}{others}"


def _unknown(facts: VerifyFacts) -> Iterator[Verdict]:
    if facts.unreadable:
        name, reason = next(iter(facts.unreadable.items()))
        says = f"{len(facts.unreadable):,} objects could not be read, such as {name}: {reason}."
        yield "unknown", Level.UNKNOWN, says, facts.store, "Look at the disk or the service that the store is on."
    for one in facts.future:
        says = f"The set {one.id} says it was taken at {one.taken_at:%Y-%m-%d %H:%M} UTC, which is still to come."
        hint = "Set the clock of this machine right; if it is, remove this set once newer ones are proven."
        yield "unknown", Level.UNKNOWN, says, one.id, hint
    for copy in facts.copies:
        if copy.fault:
            says = f"Nobody knows what the store {copy.store} holds: {copy.fault}."
            yield (
                "unknown",
                Level.UNKNOWN,
                says,
                copy.store,
                "Make it reachable, or take it out of the definition.",
            )


def _nobodys(facts: VerifyFacts) -> Iterator[Verdict]:
    kinds = (
        (
            "orphans",
            Level.INFO,
            facts.orphans,
            "were left behind by interrupted making or removing",
            "backup.prune removes them.",
        ),
        (
            "stray_proofs",
            Level.WARNING,
            facts.strays,
            "prove sets that are not there any more",
            "If nobody removed these sets on purpose, find out where they went; backup.prune removes the proofs.",
        ),
        (
            "foreign",
            Level.WARNING,
            facts.foreign,
            "are no objects of Schoolkeeper",
            "Find out who writes here; nothing removes them but you.",
        ),
    )
    for suffix, level, amount, what, hint in kinds:
        if amount.count:
            yield suffix, level, _said(amount, what), facts.store, hint


def _said(amount: Amount, what: str) -> str:
    shown = ", ".join(amount.names[:3])
    return f"{amount.count:,} objects ({amount.bytes / 1e6:,.1f} MB) {what}: {shown}{', …' * (amount.count > 3)}"


def _not_read(facts: VerifyFacts) -> Iterator[Verdict]:
    if facts.left_objects:
        says = (
            f"{facts.left_objects:,} objects ({facts.left_bytes / 1e6:,.0f} MB) were looked for but not read this "
            f"time; all are read within {facts.cycle_days} days."
        )
        yield "not_read", Level.INFO, says, facts.store, "Raise read_share_percent to read more of them each day."
    newest = facts.newest
    for part in newest.held if newest else ():
        says = f"{part} is not in this store, so it was not read."
        yield (
            "not_read",
            Level.INFO,
            says,
            part,
            "That tool has a check of its own; a drill proves that it restores.",
        )


def _lock(facts: VerifyFacts) -> Iterator[Verdict]:
    newest = facts.newest
    if newest is None or facts.lock_expected_days is None:
        return
    expected = newest.taken_at + timedelta(days=facts.lock_expected_days)
    if facts.locked_until is not None and facts.locked_until >= expected:
        return
    found = f"only until {facts.locked_until:%Y-%m-%d %H:%M} UTC" if facts.locked_until else "not at all"
    says = (
        f"The newest set {newest.id} is locked {found}, counting the packs that it shares with older ones; until "
        f"{expected:%Y-%m-%d %H:%M} UTC is expected."
    )
    hint = "Lengthen the retention on the bucket, also for packs that are there already."
    yield "lock_short", Level.WARNING, says, facts.store, hint


def _copies(facts: VerifyFacts) -> Iterator[Verdict]:
    if not facts.copies or not (missing := lacking(facts.copies, facts.now, facts.rpo)):
        return
    level = Level.WARNING if facts.production else Level.INFO
    says = f"The 3-2-1 rule is not kept: {'; '.join(missing)}."
    hint = "Add a store to the definition (offsite = true, medium = …) and let backup.copy fill it."
    yield "three_two_one", level, says, "", hint


def _hours(duration: timedelta) -> str:
    return f"{duration / timedelta(hours=1):,.1f} hours"
