"""Occurrences that waited too long: missed, with the reason, a finding, and an entry in the ledger."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.programme.models import Gap, Occurrence
from schoolkeeper.records import findings, ledger

AT_ONCE = 500


@transaction.atomic
def miss(now: datetime) -> int:
    """Give up what could not begin in time; how many."""
    rows = (
        Occurrence.objects.filter(state=Occurrence.State.DUE, missed_at__lte=now)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("entry")
        .order_by("missed_at", "id")[:AT_ONCE]
    )
    missed = list(rows)
    for occurrence in missed:
        occurrence.state, occurrence.ended_at = Occurrence.State.MISSED, now
        occurrence.reason, occurrence.says = _why(occurrence)
    Occurrence.objects.bulk_update(missed, ["state", "ended_at", "reason", "says"])
    take_down_missed(missed, now)
    return len(missed)


def take_down_missed(missed: Sequence[Occurrence], now: datetime) -> None:
    """A finding and an entry in the ledger for each. The finding is resolved by the next run that succeeds."""
    for occurrence in missed:
        entry = occurrence.entry
        says = f"It was due at {occurrence.due_at:%Y-%m-%d %H:%M} UTC and was missed. {occurrence.says}"
        finding = Finding(
            code=f"{entry.task}.missed",
            level=Level.WARNING,
            says=says,
            hint=f"`schoolkeeper programme show {entry.system}` tells what comes next; catch it up or waive it.",
            data={"due_at": occurrence.due_at.isoformat(), "reason": str(occurrence.reason)},
        )
        findings.note(entry.system, entry.task, finding, now)
    ledger.append_many(
        [
            ledger.Note(
                kind="occurrence.missed",
                actor="programme",
                system=one.entry.system,
                subject=one.entry.task,
                data={"occurrence": one.pk, "due_at": one.due_at.isoformat(), "reason": str(one.reason)},
                once=f"occurrence:{one.pk}:missed",
            )
            for one in missed
        ]
    )


def _why(occurrence: Occurrence) -> tuple[Occurrence.Reason, str]:
    """Why nobody began it, as far as can be told."""
    entry, reason = occurrence.entry, Occurrence.Reason
    if entry.by_people:
        whose = f" It belongs to {entry.owner}." if entry.owner else " It has no owner."
        return reason.NOBODY, f"Nobody signed it off.{whose}"
    since, until = occurrence.not_before, occurrence.missed_at
    away = Gap.objects.filter(kind=Gap.Kind.ABSENT, since__lte=until, until__gte=since).first()
    if away is not None:
        return reason.NO_WORKER, f"No worker was there from {away.since:%Y-%m-%d %H:%M} to {away.until:%H:%M} UTC."
    try:
        system = find(entry.system)
    except Invalid:
        return reason.ERROR, "The system is not in our care any more."
    task = catalogue().get(entry.task)
    if task is not None:
        spec = task.spec
        if any(freezes.binds(one.kind, spec) for one in freezes.in_force(system, until)):
            return reason.FREEZE, "A freeze was in force."
        if windows.needs_window(spec) and windows.has_any(system):
            return reason.WINDOW, "No maintenance window came that allows it."
    return reason.NO_CAPACITY, "All that may go on at a time was going on."
