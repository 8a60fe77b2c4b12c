"""May this run change this system now? Rules that say no with a reason, or nothing.

Looking is never gated: a freeze does not make anybody blind. The rules are asked once there is a plan.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from schoolkeeper.engine import holding
from schoolkeeper.engine.case import Case
from schoolkeeper.engine.models import Hold, WriterLock
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.kernel.spec import Risk, Spec, Undo
from schoolkeeper.records import evidence

RESTORE_POINT_AGE = timedelta(hours=24)

Rule = Callable[[Case, datetime], str | None]


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
    if proof is None or not proof.holds or taken_at is None or taken_at < now - RESTORE_POINT_AGE:
        return "There is no backup set proven within the last 24 hours: run backup.create and backup.drill first."
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


RULES: tuple[Rule, ...] = (not_on_hold, is_not_its_own, has_restore_point, is_only_writer, nobody_rescues)


def refusal(case: Case, now: datetime) -> str | None:
    """The first reason against, or None."""
    return next((reason for rule in RULES if (reason := rule(case, now))), None)


def needs_approval(spec: Spec) -> bool:
    """Whether a person must say yes: to what disturbs users, and to what cannot be taken back."""
    return spec.risk >= Risk.DISRUPTIVE or spec.undo is Undo.FORWARD_ONLY


def needs_four_eyes(spec: Spec) -> bool:
    """Whether that person must be another than the one who asked."""
    return spec.risk >= Risk.DESTRUCTIVE or spec.undo is Undo.FORWARD_ONLY
