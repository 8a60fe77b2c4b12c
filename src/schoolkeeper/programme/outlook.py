"""What is to be done when, as doors show it: the entries of a system, and occurrences of one or of all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.programme import duties
from schoolkeeper.programme.entries import entry_of
from schoolkeeper.programme.models import Entry, Occurrence

OPEN = (Occurrence.State.DUE, Occurrence.State.RUNNING)
MISSED_FOR = timedelta(days=30)
"""A missed occurrence that nobody caught up or waived is shown for so long; after that it is history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry. `at` is the wall clock's time in `zone`; `changed` names the fields that somebody set."""

    system: str
    task: str
    title: str
    by_people: bool
    rule: str
    at: time
    zone: str
    options: Mapping[str, Any]
    owner: str
    deputy: str
    priority: int
    late_after_minutes: int
    missed_after_minutes: int
    catch_up: str
    changed: tuple[str, ...]
    paused: bool
    paused_by: str
    pause_reason: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceView:
    """One due time of one entry. `is_late` says that it should be over by now, or was over too late."""

    id: int
    system: str
    task: str
    title: str
    by_people: bool
    owner: str
    deputy: str
    zone: str
    due_at: datetime
    not_before: datetime
    late_at: datetime
    missed_at: datetime
    state: str
    is_late: bool
    cause: str
    reason: str
    says: str
    waived_by: str
    run: int | None
    started_at: datetime | None
    ended_at: datetime | None
    caught_up_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is next, what should be over by now, and what was missed and nobody has dealt with."""

    next: tuple[OccurrenceView, ...]
    late: tuple[OccurrenceView, ...]
    missed: tuple[OccurrenceView, ...]


def entries(system: str, now: datetime) -> tuple[EntryView, ...]:
    """The entries of a system, in order of task."""
    return tuple(_entry_view(row) for row in _entries(now).filter(system=system))


def entry(system: str, task: str, now: datetime) -> EntryView:
    """One entry. Raises Invalid naming those that the system has."""
    return _entry_view(_entries(now).get(pk=entry_of(system, task).pk))


def occurrences(
    since: datetime, until: datetime, now: datetime, *, system: str = "", most: int | None = None
) -> tuple[OccurrenceView, ...]:
    """What is due in [since, until), of one system or of all, in order of time; at most so many."""
    rows = _rows().filter(due_at__gte=since, due_at__lt=until)
    chosen = rows.filter(entry__system=system) if system else rows
    return views(chosen[:most] if most is not None else chosen, now)


def agenda(now: datetime, within: timedelta, *, most: int, system: str = "", person: str = "") -> Agenda:
    """What somebody should know now; `person` narrows it to what they own or stand in for."""
    rows = _rows()
    if system:
        rows = rows.filter(entry__system=system)
    if person:
        rows = rows.filter(Q(entry__owner=person) | Q(entry__deputy=person))
    coming = rows.filter(state__in=OPEN, late_at__gte=now, not_before__lt=now + within)
    late = rows.filter(state__in=OPEN, late_at__lt=now)
    missed = rows.filter(state=Occurrence.State.MISSED, caught_up_by=None, ended_at__gte=now - MISSED_FOR)
    return Agenda(
        next=views(coming.order_by("not_before", "id")[:most], now),
        late=views(late.order_by("late_at", "id")[:most], now),
        missed=views(missed.order_by("-ended_at", "id")[:most], now),
    )


def occurrence(pk: int, now: datetime) -> OccurrenceView | None:
    """One of them."""
    return next(iter(views(_rows().filter(pk=pk), now)), None)


def title_of(task: str) -> str:
    """What people call a task or a duty; its id where this installation does not know it."""
    if known := catalogue().get(task):
        return known.spec.title
    duty = duties.find(task)
    return duty.title if duty else task


def _entries(now: datetime) -> QuerySet[Any]:
    """Entries in order, each with `next_at`."""
    coming = Q(occurrences__state=Occurrence.State.DUE, occurrences__not_before__gte=now)
    rows = Entry.objects.filter(retired_at=None).order_by("system", "task")  # counting forgets the usual order
    return rows.annotate(next_at=Min("occurrences__not_before", filter=coming))


def _entry_view(row: Any) -> EntryView:
    return EntryView(
        system=row.system,
        task=row.task,
        title=title_of(row.task),
        by_people=row.by_people,
        rule=row.rule,
        at=row.at,
        zone=row.zone,
        options=row.options,
        owner=row.owner,
        deputy=row.deputy,
        priority=row.priority,
        late_after_minutes=row.late_after_minutes,
        missed_after_minutes=row.missed_after_minutes,
        catch_up=row.catch_up,
        changed=tuple(row.changed),
        paused=row.paused,
        paused_by=row.paused_by,
        pause_reason=row.pause_reason,
        next_at=row.next_at,
    )


def views(rows: Iterable[Occurrence], now: datetime) -> tuple[OccurrenceView, ...]:
    """These rows as they are shown; their entries should be selected with them."""
    return tuple(_view(row, now) for row in rows)


def _view(row: Occurrence, now: datetime) -> OccurrenceView:
    entry = row.entry
    return OccurrenceView(
        id=row.pk,
        system=entry.system,
        task=entry.task,
        title=title_of(entry.task),
        by_people=entry.by_people,
        owner=entry.owner,
        deputy=entry.deputy,
        zone=entry.zone,
        due_at=row.due_at,
        not_before=row.not_before,
        late_at=row.late_at,
        missed_at=row.missed_at,
        state=row.state,
        is_late=row.state == Occurrence.State.LATE or (row.state in OPEN and row.late_at < now),
        cause=row.cause,
        reason=row.reason,
        says=row.says,
        waived_by=row.waived_by,
        run=row.run_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        caught_up_by=row.caught_up_by_id,
    )


def _rows() -> QuerySet[Occurrence]:
    return Occurrence.objects.select_related("entry").order_by("due_at", "id")
