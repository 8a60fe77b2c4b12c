"""What was found, what was resolved and how soon, what is still open, and what people passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from schoolkeeper.kernel.finding import Level
from schoolkeeper.records.models import FindingRecord, Silence
from schoolkeeper.reporting.status.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One life of a finding, as it stood at the time of the report."""

    code: str
    subject: str
    level: Level
    says: str
    hint: str
    task: str
    first_seen: datetime
    times_seen: int
    resolved_at: datetime | None
    silenced: bool

    @property
    def took(self) -> timedelta | None:
        """From first seen to resolved."""
        return self.resolved_at - self.first_seen if self.resolved_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """A person's word that a finding may be passed over."""

    code: str
    subject: str
    by: str
    until: datetime
    reason: str
    open_findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """`opened` and `resolved` are of the period; `open` is everything open at its end, the worst first."""

    opened: tuple[Issue, ...]
    resolved: tuple[Issue, ...]
    open: tuple[Issue, ...]
    silenced: tuple[Silenced, ...]

    @property
    def speaking(self) -> tuple[Issue, ...]:
        """Open, at least a warning, and not silenced: what makes a system unwell."""
        return tuple(issue for issue in self.open if issue.level >= Level.WARNING and not issue.silenced)


def collect(system: str, period: Period) -> Issues:
    """The findings of a system as of the report's time."""
    silences = Silence.objects.filter(system=system, made_at__lte=period.now, until__gt=period.now)
    active = list(silences.order_by("until", "id"))
    rows = FindingRecord.objects.filter(system=system, first_seen__lte=period.now).filter(
        Q(resolved_at=None) | Q(resolved_at__gt=period.start) | Q(first_seen__gte=period.start)
    )
    issues = [_issue(row, active, period.now) for row in rows.order_by("-level", "first_seen", "id")]
    still_open = tuple(issue for issue in issues if issue.resolved_at is None)
    return Issues(
        opened=tuple(issue for issue in issues if issue.first_seen >= period.start),
        resolved=tuple(
            issue for issue in issues if issue.resolved_at is not None and issue.resolved_at >= period.start
        ),
        open=still_open,
        silenced=tuple(_silenced(silence, still_open) for silence in active),
    )


def _issue(row: FindingRecord, silences: Sequence[Silence], now: datetime) -> Issue:
    return Issue(
        code=row.code,
        subject=row.subject,
        level=Level(row.level),
        says=row.says,
        hint=row.hint,
        task=row.task,
        first_seen=row.first_seen,
        times_seen=row.times_seen,
        resolved_at=row.resolved_at if row.resolved_at and row.resolved_at <= now else None,
        silenced=any(_covers(silence, row.code, row.subject) for silence in silences),
    )


def _covers(silence: Silence, code: str, subject: str) -> bool:
    return silence.code == code and (silence.every_subject or silence.subject == subject)


def _silenced(silence: Silence, still_open: Sequence[Issue]) -> Silenced:
    return Silenced(
        code=silence.code,
        subject=silence.subject,
        by=silence.made_by,
        until=silence.until,
        reason=silence.reason,
        open_findings=sum(_covers(silence, issue.code, issue.subject) for issue in still_open),
    )
