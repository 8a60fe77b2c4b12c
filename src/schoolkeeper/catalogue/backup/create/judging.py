"""What a person should know about the sets of a system."""

from collections.abc import Iterator
from datetime import timedelta

from schoolkeeper.catalogue.backup.create.facts import CreateFacts, SetFacts
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
SPARE_SETS = 2


def verdicts(facts: CreateFacts) -> Iterator[Verdict]:
    yield from _age(facts)
    yield from _space(facts)
    yield from _soundness(facts)
    for component in facts.absent:
        says = f"The profile counts '{component}' to a backup set, but the definition has no such component."
        yield "not_covered", Level.WARNING, says, component, "Add the folder to the definition of the system."
    own = facts.own
    if own is not None and own.changed + own.vanished:
        yield (
            "changed_while_read",
            Level.WARNING,
            f"{own.changed:,} files changed during each of three readings, {own.vanished:,} went away meanwhile.",
            own.id,
            "The set's contents list names them; take sets at a quieter hour if they matter.",
        )
    if own is not None and own.outside:
        says = f"{own.outside:,} links lead out of the saved folders; what they lead to is not in the set."
        hint = "The set's contents list names them; add the folders that they lead to to the definition."
        yield "not_covered", Level.WARNING, says, own.id, hint
    if own is not None:
        yield from _attributes(own)
    if own is not None and len(facts.sets) > 1:
        for component, why in own.full_because.items():
            says = f"All of {component} was stored once more, because {why}."
            hint = "This costs space once; if it happens again and again, remove the reason."
            yield "stored_in_full", Level.INFO, says, component, hint
    if own is not None and own.not_transactional:
        tables = own.not_transactional
        says = (
            f"{len(tables)} tables are of a kind that no snapshot covers (MyISAM, Aria), among them {tables[0]}: "
            "what is written to them during a backup can be half in the set."
        )
        hint = "Convert them to InnoDB, or take sets when nobody works."
        yield "not_consistent", Level.WARNING, says, own.id, hint


def _attributes(own: SetFacts) -> Iterator[Verdict]:
    """Of `security.*` the system itself makes most anew, such as the labels of SELinux."""
    for level, ours in ((Level.WARNING, False), (Level.INFO, True)):
        found = sorted(one for one in own.attributes.items() if one[0].startswith("security.") is ours)
        if found:
            listed = ", ".join(f"{name} ({count:,})" for name, count in found)
            says = f"Files and folders have extended attributes that are not in the set: {listed}."
            hint = "After a restore set them anew: access control lists with setfacl, labels with restorecon."
            yield "attributes", level, says, f"{own.id}/{'security' if ours else 'others'}", hint


def _age(facts: CreateFacts) -> Iterator[Verdict]:
    past = [one for one in facts.sets if one not in facts.future]
    newest = max(past, key=lambda one: one.taken_at, default=None)
    for one in facts.future:
        says = f"The set {one.id} says it was taken at {one.taken_at:%Y-%m-%d %H:%M} UTC, which is still to come."
        hint = "Set the clock of this machine right; if it is, remove this set once newer ones are proven."
        yield "unknown", Level.UNKNOWN, says, one.id, hint
    if newest is None and not facts.future:
        yield "no_set", Level.ERROR, "There is no backup set of this system.", "", "Run this task now."
    elif newest is not None and facts.age(newest) > facts.rpo:
        says = (
            f"The newest backup set is {_hours(facts.age(newest))} old; the target (RPO) is {_hours(facts.rpo)}."
        )
        yield "overdue", Level.ERROR, says, "", "Run this task now, and find out why it did not run in time."


def _space(facts: CreateFacts) -> Iterator[Verdict]:
    newest = facts.newest
    if newest is None or facts.free_bytes is None or facts.free_bytes >= SPARE_SETS * newest.size_bytes:
        return
    says = (
        f"The store has {facts.free_bytes / 1e6:,.0f} MB free, less than {SPARE_SETS} times the newest set "
        f"({newest.size_bytes / 1e6:,.0f} MB)."
    )
    yield "store_space", Level.WARNING, says, "", "Enlarge the store or move old sets to another one."


def _soundness(facts: CreateFacts) -> Iterator[Verdict]:
    hint = "Do not rely on this set; take another one, and look at the disk that the store is on."
    for fault in facts.damaged:
        says = f"The set {facts.set_id} is damaged: {fault}."
        yield "damaged", Level.ERROR, says, f"{facts.set_id}/{fault.partition(' ')[0]}", hint
    for set_id, fault in facts.faults.items():
        yield "damaged", Level.ERROR, f"The backup set {set_id} cannot be used: {fault}.", set_id, hint


def _hours(duration: timedelta) -> str:
    return f"{duration / timedelta(hours=1):,.1f} hours"
