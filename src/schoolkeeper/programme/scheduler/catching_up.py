"""What was missed and is done after all: once, at the next chance, and never two of one entry."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.connectors.system import System
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.programme.models import Entry, Gap, Occurrence
from schoolkeeper.records import ledger

CATCHING_UP = "catching up"
AFTER_AN_ERROR = timedelta(hours=1)
LATELY = timedelta(days=1)
AT_ONCE = 500
_OPEN = (Occurrence.State.DUE, Occurrence.State.RUNNING)


@transaction.atomic
def catch_up(now: datetime) -> int:
    """Make a second chance for what was missed lately and whose policy says so; how many.

    Not for what is due again by now, nor for a second chance that was missed too: the next regular one comes.
    """
    open_again = Occurrence.objects.filter(entry=OuterRef("entry"), state__in=_OPEN, not_before__lte=now)
    waiting = Occurrence.objects.filter(entry=OuterRef("entry"), state__in=_OPEN, cause=CATCHING_UP)
    newer = Occurrence.objects.filter(entry=OuterRef("entry"), due_at__gt=OuterRef("due_at"), due_at__lte=now)
    rows = (
        Occurrence.objects.filter(
            ~Exists(open_again),
            ~Exists(waiting),
            ~Exists(newer),
            state=Occurrence.State.MISSED,
            caught_up_by=None,
            ended_at__gte=_lately(now),
            entry__catch_up=Entry.CatchUp.RUN,
            entry__paused=False,
            entry__retired_at=None,
        )
        .exclude(cause=CATCHING_UP)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("entry")
        .order_by("id")[:AT_ONCE]
    )
    return sum(_make(occurrence, now) for occurrence in rows)


@transaction.atomic
def catch_up_one(pk: int, *, by: str, now: datetime) -> Occurrence:
    """A person wants a missed one done after all. Raises Refused when it was not, is caught up already, or has
    left the programme."""
    missed = Occurrence.objects.select_for_update(of=("self",)).select_related("entry").filter(pk=pk).first()
    if missed is None or missed.state != Occurrence.State.MISSED or missed.caught_up_by_id:
        raise Refused(f"Occurrence {pk} is not one that was missed and waits to be caught up.")
    if missed.entry.retired_at is not None:
        raise Refused(f"{missed.entry} has left the programme, so nobody would do it.")
    if not _make(missed, now):
        raise Refused(f"Occurrence {pk} is being caught up already.")
    data = {"occurrence": missed.pk, "due_at": missed.due_at.isoformat()}
    entry = missed.entry
    ledger.append("occurrence.caught_up", actor=by, system=entry.system, subject=entry.task, data=data)
    assert missed.caught_up_by is not None
    return missed.caught_up_by


def _make(missed: Occurrence, now: datetime) -> bool:
    entry, not_before = missed.entry, _next_chance(missed, now)
    occurrence, is_new = Occurrence.objects.get_or_create(
        entry=entry,
        due_at=missed.due_at,
        cause=CATCHING_UP,
        defaults={
            "not_before": not_before,
            "late_at": min(missed.late_at, now),
            "missed_at": not_before + timedelta(minutes=entry.missed_after_minutes),
        },
    )
    if is_new:  # else another that was missed at the same time, after an event, is being caught up by it
        missed.caught_up_by = occurrence
        missed.save(update_fields=["caught_up_by"])
    return is_new


def _lately(now: datetime) -> datetime:
    """A day back, in which somebody was there: a run may have broken just before nobody was for a week."""
    away = Gap.objects.exclude(kind=Gap.Kind.BACKWARD).filter(until__gt=now - LATELY).order_by("since").first()
    return (min(away.since, now) if away else now) - LATELY


def _next_chance(missed: Occurrence, now: datetime) -> datetime:
    """When it can be tried again: after the freeze, in the next window, an hour after it broke, or now."""
    if missed.reason == Occurrence.Reason.ERROR:
        return now + AFTER_AN_ERROR
    task = catalogue().get(missed.entry.task)
    if task is None or missed.reason not in (Occurrence.Reason.FREEZE, Occurrence.Reason.WINDOW):
        return now
    try:
        system = find(missed.entry.system)
    except (Invalid, ValueError):
        return now
    if missed.reason == Occurrence.Reason.FREEZE:
        return thawed(system, task.spec, now)
    window = windows.open_at(system, now, task.spec.risk) or windows.next_after(system, now, task.spec.risk)
    return max(window.starts_at, now) if window else now + timedelta(days=1)


def thawed(system: System, spec: Spec, now: datetime) -> datetime:
    """The first moment without a freeze that binds the task: each day of exams may be one of its own."""
    moment = now
    while ends := [one.ends_at for one in freezes.in_force(system, moment) if freezes.binds(one.kind, spec)]:
        moment = max(ends)
    return moment
