"""What a person should know about the copies."""

from collections.abc import Iterator
from datetime import timedelta

from schoolkeeper.catalogue.backup.copy.facts import CopyFacts, TargetFacts
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]


def verdicts(facts: CopyFacts) -> Iterator[Verdict]:
    for name, reason in facts.faults.items():
        says = f"Nobody knows what the store {name} holds, and nothing was copied to it: {reason}."
        yield "unknown", Level.UNKNOWN, says, name, "Make it reachable, or take it out of the definition."
    for set_id, fault in facts.skipped.items():
        says = f"The set {set_id} of {facts.source} is not copied: {fault}."
        hint = "If another store has it whole, copy it back with the options `source` and `to`."
        yield "source_damaged", Level.WARNING, says, set_id, hint
    for target in facts.targets:
        yield from _target(facts, target)


def _target(facts: CopyFacts, target: TargetFacts) -> Iterator[Verdict]:
    for set_id in target.differing:
        says = f"The set {set_id} of {facts.source} contradicts what is in {target.name}; neither was touched."
        hint = "Find out which of them is right: a drill proves the set of the store that it is told."
        yield "differs", Level.ERROR, says, f"{target.name}/{set_id}", hint
    if target.is_too_small:
        free_bytes = target.free_bytes or 0
        says = (
            f"{target.bytes / 1e6:,.1f} MB are to go to {target.name}, and {free_bytes / 1e6:,.1f} MB are "
            "free there; nothing was copied to it."
        )
        yield (
            "target_full",
            Level.ERROR,
            says,
            target.name,
            "Enlarge it, or let backup.prune keep fewer sets there.",
        )
    for one in target.here:
        says = (
            f"The sets in {target.name} do not contain {one.part}: {one.by} keeps it, once, and that lies beside "
            "the ERP."
        )
        hint = (
            f"Let {one.by} keep a copy in another building too, and say so with offsite = true in its definition."
        )
        yield "incomplete", Level.WARNING, says, f"{target.name}/{one.part}", hint
    if facts.newest_at is None:
        return
    if target.newest_at is None:
        says = f"The store {target.name} has no whole set of this system."
        yield "behind", Level.WARNING, says, target.name, "Run this task."
    elif facts.now - target.newest_at > facts.rpo:
        age, rpo = ((one / timedelta(hours=1)) for one in (facts.now - target.newest_at, facts.rpo))
        says = (
            f"The newest whole set in {target.name} is {age:,.1f} hours old; the target (RPO) is {rpo:,.1f} hours."
        )
        yield "behind", Level.WARNING, says, target.name, "Run this task, after backup.create if need be."
