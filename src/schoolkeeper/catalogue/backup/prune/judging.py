"""What a person should know about what stays, what goes and how long the space lasts."""

from collections.abc import Iterator

from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions, keeping, leaving, objection
from schoolkeeper.catalogue.backup.prune.facts import PruneFacts
from schoolkeeper.catalogue.backup.prune.forecast import full_on
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
WARNING_DAYS, ERROR_DAYS = 60, 14


def verdicts(facts: PruneFacts, options: PruneOptions) -> Iterator[Verdict]:
    for set_id, fault in facts.unsound.items():
        says = f"Nothing is removed from {facts.store}, because nobody knows what the set {set_id} needs: {fault}."
        hint = "Mend or remove this set; the page on the backup format says where it lies."
        yield "unknown", Level.UNKNOWN, says, set_id, hint
    if facts.unsound:
        return
    if why := objection(facts, options):
        says = f"Nothing is removed from {facts.store}: {why}."
        hint = "Look at what would stay and go; if it is right, run this once with a higher most_sets."
        yield "refused", Level.ERROR, says, facts.store, hint
    if facts.sets:
        yield "kept", Level.INFO, _kept(facts, options), facts.store, ""
    yield from _space(facts)


def _kept(facts: PruneFacts, options: PruneOptions) -> str:
    """Set by set what stays and why, newest first; then what goes."""
    staying, going = keeping(facts, options), leaving(facts, options)
    told = [f"{one.id} ({', '.join(staying[one.id])})" for one in reversed(facts.sets) if one.id in staying]
    goes = f" By the rule {len(going)} go: {', '.join(one.id for one in going)}." if going else ""
    return f"{len(staying)} sets stay: {'; '.join(told)}.{goes}"


def _space(facts: PruneFacts) -> Iterator[Verdict]:
    day = full_on(facts.free_after_bytes, facts.left, facts.today)
    if day is None or (days := (day - facts.today).days) >= WARNING_DAYS:
        return
    level = Level.ERROR if days < ERROR_DAYS else Level.WARNING
    says = f"If it grows as before, the store {facts.store} is full in {days} days, on {day:%Y-%m-%d}."
    hint = "Enlarge the store, or keep fewer sets."
    yield "store_full_on", level, says, facts.store, hint
