"""A believable week of a school's ERP, as `load.activity` counts it."""

from datetime import datetime

from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, SourceFacts, Week
from schoolkeeper.records.models import Run


def school_week(busiest: float = 90.0) -> Week:
    """Lessons from Monday to Saturday, homework in the evening, hardly anybody at night."""
    return [[busiest * _day(day) * _hour(hour) for hour in range(24)] for day in range(7)]


def count(
    slug: str, now: datetime, week: Week | None = None, *, weeks: float = 8, zone: str = "Asia/Tashkent"
) -> Run:
    """A run of `load.activity` that ended just now."""
    per_hour = school_week() if week is None else week
    actions = round(weeks * sum(map(sum, per_hour)))
    sources = [
        SourceFacts(
            name="access", kind="requests", weeks=weeks, actions=actions, per_hour=per_hour, signed_in_only=True,
            lines=actions, rejected=3,
        ),
        SourceFacts(name="database", kind="entries", weeks=weeks, actions=actions // 20, per_hour=per_hour),
    ]  # fmt: skip
    facts = ActivityFacts(seen_at=now, zone=zone, sources=sources)
    return Run.objects.create(
        system=slug, task="load.activity", spec_version=1, requested_by="programme", requested_at=now,
        started_at=now, ended_at=now, state=Run.State.ENDED, outcome="ok",
        facts_before=facts.model_dump(mode="json"),
    )  # fmt: skip


def _day(day: int) -> float:
    return (1.0, 0.95, 0.9, 0.95, 0.8, 0.5, 0.12)[day]


def _hour(hour: int) -> float:
    if hour < 6:
        return (0.06, 0.03, 0.01, 0.0, 0.0, 0.04)[hour]
    if hour < 17:
        return 0.35 + 0.13 * min(hour - 6, 16 - hour)
    return max(0.45 - 0.06 * (hour - 17), 0.08)
