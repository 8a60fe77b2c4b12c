"""The heat map of a system: which share of a week's activity falls into each of its 168 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, ActivityOptions, SourceFacts, Week
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.records.models import Run

STALE = timedelta(days=35)
"""A school's week changes with its terms; older counts speak of another one."""


@dataclass(frozen=True, slots=True)
class Heat:
    """`share_percent` are seven rows of 24 shares from Monday 00:00 by the clock of `zone`; all make 100.

    Where `unknown` says why nothing can be said there are none. `sources` are what it was counted from.
    """

    zone: str
    seen_at: datetime
    share_percent: Week
    sources: tuple[SourceFacts, ...]
    unknown: str = ""


def heat_of(system: str, now: datetime, zone: str) -> Heat | None:
    """The heat map from a system's newest count; None before the first. `zone` is that of its clock now."""
    spec = Activity.spec
    counted = Run.objects.filter(system=system, task=spec.id, spec_version=spec.version)
    run = counted.exclude(facts_before=None).order_by("-id").first()
    if run is None:
        return None
    facts = ActivityFacts.model_validate(run.facts_before)
    options = ActivityOptions.model_validate(run.options)
    if now - facts.seen_at > STALE:
        return _unknown(facts, f"It was last counted at {facts.seen_at:%Y-%m-%d}: run {spec.id} again.")
    if facts.zone != zone:
        return _unknown(facts, f"It was counted by the clock of {facts.zone}: run {spec.id} again.")
    return heat(facts, options)


def heat(facts: ActivityFacts, options: ActivityOptions) -> Heat:
    """The mean of the shares of all sources that say something about a week. Pure."""
    telling = facts.telling(options)
    if not telling:
        return _unknown(facts, f"No source covers {options.least_weeks} weeks in which anybody did anything.")
    weeks = [_shares(source.per_hour) for source in telling]
    mean = [[sum(hour) / len(weeks) for hour in zip(*days, strict=True)] for days in zip(*weeks, strict=True)]
    return Heat(facts.zone, facts.seen_at, mean, tuple(telling))


def _shares(week: Week) -> Week:
    """Counts as percent, so that entries and requests can be put together."""
    total = sum(map(sum, week))
    return [[100 * hour / total for hour in day] for day in week]


def _unknown(facts: ActivityFacts, why: str) -> Heat:
    return Heat(facts.zone, facts.seen_at, [], tuple(facts.sources), why)
