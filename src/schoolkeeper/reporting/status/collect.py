"""Everything that a status report says, read from the records in one consistent view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from schoolkeeper.connectors.system import System
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.spec import Cadence
from schoolkeeper.ledger.head import Head
from schoolkeeper.programme.order import due
from schoolkeeper.records.models import Run
from schoolkeeper.reporting.status import activities, anchor, backups, condition, issues, performance, period


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run that a person must decide about."""

    run: int
    title: str
    since: datetime
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one system over one period; times are aware."""

    system: System
    period: period.Period
    condition: condition.Condition
    activities: activities.Activities
    performance: tuple[performance.Performance, ...]
    issues: issues.Issues
    backups: backups.Backups
    waiting: tuple[Waiting, ...]
    titles: Mapping[str, str]
    """The titles of tasks and of finding codes, by id and code."""
    head: Head


def collect(slug: str, length: period.Length, now: datetime) -> Status:
    """Read everything about a system. Raises Invalid for an unknown system or length of time."""
    with one_view():
        system = find(slug)
        span = period.ending(now, length, ZoneInfo(system.timezone))
        specs = [task.spec for task in catalogue().values()]
        daily = due(specs, Cadence.DAILY, system)
        titles = {spec.id: spec.title for spec in specs}
        titles |= {code: spec.title_of(code) for spec in specs for code in spec.codes}
        found = issues.collect(slug, span)
        return Status(
            system=system,
            period=span,
            condition=condition.collect(system, span, daily, found.speaking),
            activities=activities.collect(slug, span, daily, titles),
            performance=performance.collect(slug, span),
            issues=found,
            backups=backups.collect(slug, span, system.rpo),
            waiting=_waiting(slug, now, titles),
            titles=titles,
            head=anchor.collect(now),
        )


@contextmanager
def one_view() -> Iterator[None]:
    """All queries see the same moment. Inside a caller's transaction, the caller answers for that."""
    is_ours = not connection.in_atomic_block
    with transaction.atomic():
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _waiting(system: str, now: datetime, titles: Mapping[str, str]) -> tuple[Waiting, ...]:
    runs = Run.objects.filter(system=system, state=Run.State.WAITING, requested_at__lte=now).order_by("id")
    return tuple(
        Waiting(
            run=run.pk,
            title=titles.get(run.task, run.task),
            since=run.requested_at,
            asked_by=run.requested_by,
        )
        for run in runs.only("task", "requested_at", "requested_by")
    )
