"""May this run change this system now? Rules that say no with a reason, or nothing.

Looking is never gated: a freeze does not make anybody blind. The rules are asked once there is a plan, and some
of them again before its first step: a worker may have been dead in between. What has begun is brought to its end.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolkeeper.calendars import freezes, overrides, windows
from schoolkeeper.calendars.scope import clock_of
from schoolkeeper.engine import holding
from schoolkeeper.engine.case import Case
from schoolkeeper.engine.models import Hold, HostLock, WriterLock
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.moments import shown
from schoolkeeper.kernel.spec import Risk, Spec, Undo
from schoolkeeper.records import evidence, ledger, sets

RESTORE_POINT_AGE = timedelta(hours=24)

Rule = Callable[[Case, datetime], str | None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule's no. `rule` is its name in RULES, which never changes; `says` is for people."""

    rule: str
    says: str


def not_on_hold(case: Case, now: datetime) -> str | None:
    """After a change that could not be taken back, a person must clear the system first."""
    hold = Hold.objects.filter(system=case.system.slug, cleared_at=None).first()
    if hold is None:
        return None
    return (
        f"Run {hold.run_id} could not be taken back; automation on {case.system.slug} is locked until a person "
        "has looked and clears it."
    )


def is_not_its_own(case: Case, now: datetime) -> str | None:
    """What this run is recorded in cannot be replaced by it."""
    return replaces_own(case.task.spec, case.system, ask=True)


def has_restore_point(case: Case, now: datetime) -> str | None:
    """What is undone by restoring needs a backup set that has been proven to restore, and lately."""
    if case.task.spec.undo is not Undo.RESTORE_POINT:
        return None
    proof = evidence.newest(case.system.slug, "proof")
    # The newest word counts, not the newest good one; and a fresh proof of an old set is an old restore point.
    taken_at = datetime.fromisoformat(proof.data["taken_at"]) if proof and proof.data.get("taken_at") else None
    is_good = proof is not None and proof.holds and proof.key not in sets.missed(case.system.slug)
    if not is_good or taken_at is None or taken_at < now - RESTORE_POINT_AGE:
        return "There is no backup set proven within the last 24 hours: run backup.create and backup.drill first."
    return None


def not_frozen(case: Case, now: datetime) -> str | None:
    """In a freeze nothing is changed, by whatever door it was asked for, unless two people override it."""
    spec = case.task.spec
    binding = [freeze for freeze in freezes.in_force(case.system, now) if freezes.binds(freeze.kind, spec)]
    if not binding or _overridden(case, now, binding[0].title):
        return None
    until = shown(binding[0].ends_at, clock_of(case.system.slug))
    return (
        f"{binding[0].title}: {case.system.slug} is frozen until {until} ({binding[0].kind} freeze). "
        "In an emergency two people override it: `schoolkeeper freeze override`."
    )


def in_window(case: Case, now: datetime) -> str | None:
    """What disturbs users and could be planned keeps to the windows of a system that has any."""
    spec = case.task.spec
    if not windows.needs_window(spec) or not windows.has_any(case.system):
        return None
    if windows.open_at(case.system, now, spec.risk) or _overridden(case, now, "outside a window"):
        return None
    following = windows.next_after(case.system, now, spec.risk)
    begins = shown(following.starts_at, clock_of(case.system.slug)) if following else ""
    when = f"the next begins at {begins}" if begins else "none is planned"
    return f"{spec.title} disturbs users and waits for a maintenance window: {when}."


def _overridden(case: Case, now: datetime, what: str) -> bool:
    override = overrides.valid(case.system.slug, case.run.task, now)
    if override is None:
        return False
    ledger.append(
        "override.used",
        actor=f"run {case.run.pk}",
        system=case.system.slug,
        subject=case.run.task,
        data={"override": override.pk, "against": what},
        once=f"{case.run.key}:override:{override.pk}:{digest(what)}",
    )
    return True


def is_only_disruptor(case: Case, now: datetime) -> str | None:
    """Two ERPs of one machine are not disturbed at a time: takes the machine, until the run ends."""
    if case.task.spec.risk < Risk.DISRUPTIVE or not case.task.spec.changes_the_erp:
        return None
    for host in sorted(case.system.hosts):
        lock, _ = HostLock.objects.get_or_create(host=host, defaults={"run": case.run, "taken_at": now})
        if lock.run_id != case.run.pk:
            HostLock.objects.filter(run=case.run).delete()
            return f"Run {lock.run_id} ({lock.run.system}) is disturbing the machine {host} now."
    return None


def is_only_writer(case: Case, now: datetime) -> str | None:
    """One writer per system: takes the lock, which the run keeps until it ends."""
    lock, _ = WriterLock.objects.get_or_create(
        system=case.system.slug, defaults={"run": case.run, "taken_at": now}
    )
    if lock.run_id == case.run.pk:
        return None
    return f"Run {lock.run_id} is changing {case.system.slug} now."


def nobody_rescues(case: Case, now: datetime) -> str | None:
    """Nor does a rescue on this machine, which asks no database: takes the system's file, until the run ends."""
    return holding.hold(case)


# The locks come last: a run that is refused for another reason takes none.
RULES: Mapping[str, Rule] = {
    "hold": not_on_hold,
    "own": is_not_its_own,
    "freeze": not_frozen,
    "window": in_window,
    "restore_point": has_restore_point,
    "host": is_only_disruptor,
    "writer": is_only_writer,
    "rescue": nobody_rescues,
}

OF_THE_MOMENT = frozenset({"hold", "freeze", "window", "restore_point"})
"""Rules whose answer is another one when time has passed; the others' answers are kept by what they take."""


def refusal(case: Case, now: datetime, rules: Collection[str] = tuple(RULES)) -> Refusal | None:
    """The first reason against, or None."""
    asked = ((name, rule(case, now)) for name, rule in RULES.items() if name in rules)
    return next((Refusal(name, says) for name, says in asked if says), None)


def needs_approval(spec: Spec) -> bool:
    """Whether a person must say yes: to what disturbs users, and to what cannot be taken back."""
    return spec.risk >= Risk.DISRUPTIVE or spec.undo is Undo.FORWARD_ONLY


def needs_four_eyes(spec: Spec) -> bool:
    """Whether that person must be another than the one who asked."""
    return spec.risk >= Risk.DESTRUCTIVE or spec.undo is Undo.FORWARD_ONLY
