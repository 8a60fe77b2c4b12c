"""How the system is now. What was not looked at lately is UNKNOWN, whatever it was before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from schoolkeeper.connectors.system import AnyComponent, System
from schoolkeeper.engine.models import Hold, Worker
from schoolkeeper.engine.presence import DEAD_AFTER
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.records.models import Run
from schoolkeeper.reporting.status.issues import Issue
from schoolkeeper.reporting.status.period import Period

STALE_AFTER = timedelta(hours=26)
"""A daily look that is older says nothing about now: a day, and two hours for a programme that ran late."""

_DID_NOT_LOOK = (Outcome.UNKNOWN.value, Outcome.REFUSED.value, Outcome.ERRORED.value)
_VERSIONS = (("health.web", ("version",), "application"), ("health.database", ("server", "version"), "PostgreSQL"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """When a task last really looked; None for never."""

    title: str
    at: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """A part of the system: the worst that its daily checks say, UNKNOWN where none of them is fresh."""

    name: str
    kind: str
    place: str
    level: Level
    is_checked: bool
    """Whether any daily check looks at parts of this kind."""
    looked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that a run saw."""

    of: str
    version: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Automation is locked since a run whose change could not be taken back."""

    run: int
    task: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    level: Level
    looks: tuple[Look, ...]
    components: tuple[ComponentState, ...]
    versions: tuple[Version, ...]
    workers: tuple[str, ...]
    holds: tuple[Held, ...]

    @property
    def never_looked(self) -> bool:
        return all(look.at is None for look in self.looks)

    @property
    def stale(self) -> tuple[Look, ...]:
        return tuple(look for look in self.looks if look.is_stale)


def collect(system: System, period: Period, daily: Sequence[Spec], unwell: Sequence[Issue]) -> Condition:
    """The state of a system as of the report; `unwell` are its open findings that nobody silenced."""
    looked = _last_looks(system.slug, period)
    looks = tuple(_look(spec, looked.get(spec.id), period.now) for spec in daily)
    holds = tuple(
        Held(run=hold.run_id, task=hold.run.task, since=hold.since)
        for hold in Hold.objects.filter(system=system.slug, since__lte=period.now)
        .filter(Q(cleared_at=None) | Q(cleared_at__gt=period.now))
        .select_related("run")
        .order_by("since")
    )
    levels = [issue.level for issue in unwell]
    if holds:
        levels.append(Level.ERROR)
    if not looks or any(look.is_stale for look in looks):
        levels.append(Level.UNKNOWN)
    return Condition(
        level=max(levels, default=Level.OK),
        looks=looks,
        components=tuple(
            _component(name, component, daily, looked, unwell, period.now)
            for name, component in sorted(system.components.items())
        ),
        versions=tuple(_versions(system.slug, period.now)),
        workers=tuple(
            f"{worker.pk} on {worker.host}"
            for worker in Worker.objects.filter(heartbeat_at__gt=period.now - DEAD_AFTER).order_by("id")
        ),
        holds=holds,
    )


def _last_looks(system: str, period: Period) -> dict[str, datetime]:
    """By task, when a run of it last ended that had really looked."""
    rows = (
        Run.objects.filter(system=system, state=Run.State.ENDED, ended_at__lte=period.now)
        .exclude(outcome__in=_DID_NOT_LOOK)
        .values("task")
        .annotate(last=Max("ended_at"))
    )
    return {row["task"]: row["last"] for row in rows.order_by()}


def _look(spec: Spec, at: datetime | None, now: datetime) -> Look:
    return Look(title=spec.title, at=at, is_stale=at is None or now - at > STALE_AFTER)


def _component(
    name: str,
    component: AnyComponent,
    daily: Sequence[Spec],
    looked: dict[str, datetime],
    unwell: Sequence[Issue],
    now: datetime,
) -> ComponentState:
    """Checks are the daily tasks that only look: that a cleanup failed does not make a folder unwell."""
    checks = {spec.id for spec in daily if component.kind in spec.readable and not spec.changes_something}
    fresh = [looked[task] for task in checks if task in looked and now - looked[task] <= STALE_AFTER]
    levels = [issue.level for issue in unwell if issue.task in checks]
    return ComponentState(
        name=name,
        kind=component.kind,
        place=_place(component),
        level=max(levels, default=Level.OK) if fresh else Level.UNKNOWN,
        is_checked=bool(checks),
        looked_at=max((looked[task] for task in checks if task in looked), default=None),
    )


def _place(component: AnyComponent) -> str:
    """Where it is, as far as that is no secret."""
    for field in ("url", "path", "address"):
        if (value := getattr(component, field, None)) is not None:
            return str(value)
    return ""


def _versions(system: str, now: datetime) -> Iterable[Version]:
    """What the newest facts of a task say; facts of an older form may not say it."""
    for task, keys, of in _VERSIONS:
        seen = (
            Run.objects.filter(system=system, task=task, state=Run.State.ENDED, ended_at__lte=now)
            .exclude(facts_before=None)
            .order_by("-id")
            .values_list("facts_before", "ended_at")
            .first()
        )
        if seen is None:
            continue
        value: Any = seen[0]
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value and seen[1] is not None:
            yield Version(of=of, version=value, seen_at=seen[1])
