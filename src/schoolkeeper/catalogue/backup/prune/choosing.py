"""Which sets go: those that neither the rule nor a protection keeps. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from schoolkeeper.catalogue.backup.prune.facts import PrunableSet, PruneFacts
from schoolkeeper.catalogue.backup.prune.retention import Rule, reasons
from schoolkeeper.kernel.facts import Options

STORE = "backups"
LEAST_SETS = 3


class PruneOptions(Options):
    store: str = Field(STORE, description="The store to prune, by the name of its component")
    keep_last: int = Field(LEAST_SETS, ge=LEAST_SETS, description="Keep so many of the newest sets")
    keep_daily: int = Field(7, ge=0, description="Keep the newest set of each of so many days")
    keep_weekly: int = Field(
        5, ge=0, description="Keep the newest set of each of so many weeks (Monday to Sunday)"
    )
    keep_monthly: int = Field(12, ge=0, description="Keep the newest set of each of so many months")
    keep_yearly: int = Field(3, ge=0, description="Keep the newest set of each of so many years")
    keep_within_days: int = Field(2, ge=0, description="Keep every set that is younger than this")
    most_sets: int = Field(20, ge=1, description="Refuse to remove more sets than this in one run")

    @property
    def rule(self) -> Rule:
        return Rule(
            last=self.keep_last,
            day=self.keep_daily,
            week=self.keep_weekly,
            month=self.keep_monthly,
            year=self.keep_yearly,
            within=timedelta(days=self.keep_within_days),
        )


def kept(
    sets: Sequence[PrunableSet], rule: Rule, zone: ZoneInfo, now: datetime, rpo: timedelta
) -> dict[str, list[str]]:
    """Why each set that stays does, by id.

    The rule is followed among all sets and again among the whole ones, so that a damaged set never stands for its
    month in the place of a whole one.
    """
    why: dict[str, list[str]] = {one.id: [] for one in sets}
    for among in (sets, [one for one in sets if one.whole]):
        for set_id, found in reasons({one.id: one.taken_at for one in among}, rule, zone, now).items():
            why[set_id] += [reason for reason in found if reason not in why[set_id]]
    for one in sets:
        if now - one.taken_at < rpo:
            why[one.id].append("younger than the target (RPO)")
        if one.locked_until is not None and one.locked_until > now:
            why[one.id].append(f"locked by the place until {one.locked_until:%Y-%m-%d}")
    for one in {proven.id: proven for proven in _last_proven(sets)}.values():
        why[one.id].append("the last one proven to restore")
    return {set_id: found for set_id, found in why.items() if found}


def _last_proven(sets: Sequence[PrunableSet]) -> list[PrunableSet]:
    """The newest set that was proven; and the newest of those that are whole still, if it is another."""
    proven = sorted((one for one in sets if one.proven), key=lambda one: (one.taken_at, one.id))
    return proven[-1:] + [one for one in proven if one.whole][-1:]


def keeping(facts: PruneFacts, options: PruneOptions) -> dict[str, list[str]]:
    """Why each set that stays does."""
    return kept(facts.sets, options.rule, facts.zone, facts.now, facts.rpo)


def leaving(facts: PruneFacts, options: PruneOptions) -> list[PrunableSet]:
    """The sets that the rule no longer keeps, oldest first."""
    staying = keeping(facts, options)
    return [one for one in facts.sets if one.id not in staying]


def objection(facts: PruneFacts, options: PruneOptions) -> str:
    """Why this plan is none that may be carried out without a person's word; "" for an ordinary one."""
    going = leaving(facts, options)
    whole = sum(one.whole for one in facts.sets) - sum(one.whole for one in going)
    if len(going) > options.most_sets:
        return f"{len(going)} sets would go at once, more than {options.most_sets}"
    if going and whole < LEAST_SETS:
        return f"only {whole} whole sets would be left, fewer than {LEAST_SETS}"
    return ""
