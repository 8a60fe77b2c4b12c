"""What waits for a person's word, what was decided lately, and who decides in whose stead."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from schoolkeeper.controlroom import roles, wording
from schoolkeeper.controlroom.deputies import Stead
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.tasks import spec_of, title_of_task
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.engine.gate import needs_four_eyes
from schoolkeeper.engine.models import Approval, Delegation
from schoolkeeper.records.models import Run, StepRecord

_LATELY = timedelta(days=30)
_MOST = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that waits. `instead_of` is None when this person may not decide, "" when in their own name;
    `only_deny` when they asked for it themselves and a second person must approve."""

    approval: Approval
    run: Run
    system: SystemName
    title: str
    risk: Word | None
    steps: int
    first: str
    four_eyes: bool
    instead_of: str | None
    only_deny: bool


@dataclass(frozen=True, slots=True)
class Decided:
    approval: Approval
    system: SystemName
    title: str
    word: Word


def waiting(stead: Stead, names: Names, now: datetime) -> list[Waiting]:
    """Runs that wait for approval, those that expire first at the top."""
    records = Approval.objects.select_related("run").defer("run__facts_before", "run__facts_after")
    opened = records.filter(decision="", run__state=Run.State.WAITING, expires_at__gt=now).order_by("expires_at")
    found = list(opened[:_MOST])
    steps = defaultdict(list)
    for run, says in StepRecord.objects.filter(run__in=[one.run_id for one in found]).values_list("run", "says"):
        steps[run].append(says)
    return [_waiting(one, steps[one.run_id], stead, names) for one in found]


def decided(names: Names, now: datetime) -> list[Decided]:
    """What was decided in the last 30 days, the newest first."""
    records = Approval.objects.filter(decided_at__gt=now - _LATELY).exclude(decision="").select_related("run")
    found = records.defer("run__facts_before", "run__facts_after").order_by("-decided_at")[:20]
    return [
        Decided(one, names[one.run.system], title_of_task(one.task), wording.DECISIONS[one.decision])
        for one in found
    ]


def delegations(now: datetime) -> list[Delegation]:
    """Those that count now or will, the next to begin first."""
    return list(Delegation.objects.filter(ended_at=None, ends_at__gt=now).order_by("starts_at"))


def people() -> list[str]:
    """Whoever has a role here, by name."""
    users = User.objects.filter(is_active=True, groups__name__in=roles.ROLES).distinct().order_by("username")
    return list(users.values_list("username", flat=True))


def approvers() -> list[str]:
    """Whoever may approve by a role of their own."""
    named = [role for role, permissions in roles.ROLES.items() if roles.APPROVE in permissions]
    users = User.objects.filter(Q(groups__name__in=named) | Q(is_superuser=True), is_active=True).distinct()
    return list(users.order_by("username").values_list("username", flat=True))


def _waiting(approval: Approval, steps: Sequence[str], stead: Stead, names: Names) -> Waiting:
    run, spec = approval.run, spec_of(approval.task)
    four_eyes = spec is not None and needs_four_eyes(spec)
    return Waiting(
        approval=approval,
        run=run,
        system=names[run.system],
        title=title_of_task(run.task),
        risk=wording.RISKS[spec.risk] if spec else None,
        steps=len(steps),
        first=steps[0] if steps else "",
        four_eyes=four_eyes,
        instead_of=stead.for_run(run.requested_by),
        only_deny=four_eyes and stead.is_askers(run.requested_by),
    )
