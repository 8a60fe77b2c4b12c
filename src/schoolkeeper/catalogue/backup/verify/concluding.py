"""What a verification says to later readers: pure."""

from schoolkeeper.catalogue.backup.verify.copies import lacking
from schoolkeeper.catalogue.backup.verify.facts import VerifyFacts
from schoolkeeper.kernel.evidence import Evidence


def verification(facts: VerifyFacts) -> Evidence:
    """How much was read back and what was wrong; what nobody read here is named too."""
    until = facts.locked_until and facts.locked_until.isoformat()
    held = facts.newest.held if facts.newest else []
    says = _read_back(facts) if facts.sets else f"{facts.store} holds no backup set, so there was nothing to read."
    if facts.sets:
        says += f" The newest set is {f'locked until {until}' if until else 'not locked'}."
    if facts.unsound:
        says += f" Sets that cannot be used: {len(facts.unsound):,}."
    if facts.gone:
        says += f" Sets that are gone, although no rule removed them: {len(facts.gone):,}."
    if held:
        says += f" Not in this store, and so not read: {', '.join(held)}."
    data = {
        "objects": facts.objects,
        "bytes": facts.bytes,
        "sets": len(facts.sets),
        "left_objects": facts.left_objects,
        "left_bytes": facts.left_bytes,
        "damaged": len(facts.damaged),
        "unreadable": len(facts.unreadable),
        "unsound": sorted(facts.unsound),
        "gone": facts.gone,
        "newest": facts.newest.id if facts.newest else "",
        "signed": facts.signed,
        "unsigned": facts.unsigned,
        "not_ours": [*facts.suspect, *facts.disbelieved],
        "held": held,
        "locked_until": until,
        "three_two_one_lacks": lacking(facts.copies, facts.now, facts.rpo) if facts.copies else None,
    }
    return Evidence("verification", facts.store, facts.holds, says, data)


def _read_back(facts: VerifyFacts) -> str:
    """Calls nothing undamaged that nobody could read."""
    every = "" if facts.left_objects or facts.unreadable else "All "
    left = f", {facts.left_objects:,} were left for another day" if facts.left_objects else ""
    unread = f", {len(facts.unreadable):,} could not be read" if facts.unreadable else ""
    unharmed = "nothing of them is damaged" if left or unread else "nothing is damaged"
    damaged = f"{len(facts.damaged):,} are damaged or gone" if facts.damaged else unharmed
    sets = "the only set" if len(facts.sets) == 1 else f"the {len(facts.sets):,} sets"
    return (
        f"{every}{facts.objects:,} objects ({facts.bytes / 1e6:,.1f} MB) of {sets} in {facts.store} were "
        f"read back{left}{unread}; {damaged}."
    )
