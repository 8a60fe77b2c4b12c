"""What waits for a person's yes or no, and who decides for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.moments import Options, moment, zone
from schoolkeeper.engine import delegations
from schoolkeeper.engine.approvals import takes_two, waiting
from schoolkeeper.engine.models import Approval, Delegation
from schoolkeeper.kernel.moments import shown


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A run that waits for approval, with the steps of its plan; times are UTC."""

    run: int
    system: str
    task: str
    requested_by: str
    occasion: str
    four_eyes: bool
    requested_at: datetime
    expires_at: datetime
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """While `of` is away, `to` decides in their stead."""

    id: int
    of: str
    to: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str


@dataclass(frozen=True, slots=True)
class ApprovalsResult:
    """What waits, the oldest first, and the delegations of now and of later."""

    waiting: tuple[WaitingLine, ...]
    delegations: tuple[DelegationLine, ...]


def listed() -> ApprovalsResult:
    """Both, as they are now."""
    now = timezone.now()
    return ApprovalsResult(
        tuple(map(_waiting, waiting(now))), tuple(map(_delegation, delegations.in_force_or_to_come(now)))
    )


def delegate(of: str, to: str, starts: str, ends: str, *, reason: str, clock: str, by: str) -> DelegationLine:
    """Let somebody decide for another, with times as typed; without a beginning from now on. Raises Invalid."""
    now, options = timezone.now(), Options("delegation")
    by_clock = timezone.get_default_timezone()
    if clock:
        by_clock = options.parse("zone", lambda: zone(clock), by_clock)
    starts_at = options.parse("from", lambda: moment(starts, by_clock), now) if starts else now
    ends_at = options.parse("until", lambda: moment(ends, by_clock), now)
    options.end()
    made = delegations.delegate(of=of, to=to, starts_at=starts_at, ends_at=ends_at, by=by, now=now, reason=reason)
    return _delegation(made)


def _waiting(approval: Approval) -> WaitingLine:
    run = approval.run
    return WaitingLine(
        run=run.pk,
        system=run.system,
        task=run.task,
        requested_by=run.requested_by,
        occasion=run.occasion,
        four_eyes=takes_two(run),
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        steps=tuple(step.says for step in run.steps.all()),
    )


def _delegation(row: Delegation) -> DelegationLine:
    return DelegationLine(row.pk, row.of, row.to, row.starts_at, row.ends_at, row.reason, row.made_by)


def render(result: ApprovalsResult) -> RenderableType:
    """What waits with its plan, then who stands in for whom."""
    clock = timezone.get_default_timezone()
    parts: list[RenderableType] = [] if result.waiting else [Text("Nothing waits for approval.")]
    for one in result.waiting:
        title = f"Run {one.run}: {one.task} on {one.system}, asked for by {one.requested_by} ({one.occasion})"
        eyes = "; somebody other must decide" if one.four_eyes else ""
        until = (
            f"  until {shown(one.expires_at, clock)}{eyes}: `schoolkeeper approve {one.run}` or `deny {one.run}`"
        )
        parts += [
            Text(title, style="bold"),
            Text(until),
            *(Text(f"  {n}. {says}") for n, says in enumerate(one.steps, 1)),
        ]
    if result.delegations:
        parts += [Text(), render_delegations(result.delegations)]
    return Group(*parts)


def render_delegations(lines: Sequence[DelegationLine]) -> RenderableType:
    """One row a delegation."""
    clock = timezone.get_default_timezone()
    table = Table("No.", "Decides", "For", "From", "Until", "Why", box=None, pad_edge=False)
    for one in lines:
        times = (shown(one.starts_at, clock), shown(one.ends_at, clock))
        table.add_row(str(one.id), Text(one.to), Text(one.of), *times, Text(one.reason))
    return table
