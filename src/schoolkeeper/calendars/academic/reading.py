"""Reading sources again and again: events and their freezes follow what is said there."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone

from schoolkeeper.calendars.academic import ical, public_holidays
from schoolkeeper.calendars.academic.fetching import fetch
from schoolkeeper.calendars.academic.found import Found
from schoolkeeper.calendars.academic.freezing import follow, withdraw
from schoolkeeper.calendars.academic.sources import AHEAD, PAST, get
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.kernel.errors import Invalid, Unreachable
from schoolkeeper.records import ledger

EVERY, AGAIN_AFTER_A_FAULT = timedelta(hours=6), timedelta(hours=1)
MOST_FAULTS = 10
_FIELDS = ("series", "title", "category", "starts_at", "ends_at", "all_day")
_at_work = threading.Lock()


def read(pk: int, now: datetime) -> CalendarSource:
    """Read a source now. One that cannot be read keeps its events and says its `fault`, see `sources.level_of`."""
    source = get(pk)
    CalendarSource.objects.filter(pk=pk).update(tried_at=now)
    try:
        found = _load(source, now)
    except Unreachable as unreachable:
        return _keep_fault(pk, unreachable.reason)
    except Invalid as invalid:
        more = len(invalid.faults) - MOST_FAULTS
        told = [*invalid.faults[:MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        return _keep_fault(pk, "; ".join(told))
    return _bring(pk, found, now)


def read_due(now: datetime) -> int:
    """Read the sources that nobody has read for some hours; how many."""
    again = Q(tried_at=None) | Q(tried_at__lt=now - EVERY)
    again |= Q(tried_at__lt=now - AGAIN_AFTER_A_FAULT) & ~Q(fault="")
    read_count = 0
    for pk, tried_at in CalendarSource.objects.filter(again).values_list("pk", "tried_at"):
        # Whoever changes the row has the reading: workers do the same round at the same time.
        if CalendarSource.objects.filter(pk=pk, tried_at=tried_at).update(tried_at=now):
            read(pk, now)
            read_count += 1
    return read_count


def read_due_aside() -> None:
    """The same in a thread of its own: a server that answers slowly must not hold up the scheduler."""
    if _at_work.acquire(blocking=False):
        threading.Thread(target=_aside, name="calendars", daemon=True).start()


def _aside() -> None:
    try:
        read_due(timezone.now())
    finally:
        connections.close_all()
        _at_work.release()


def _load(source: CalendarSource, now: datetime) -> tuple[Found, ...]:
    zone, since, until = zone_of(source.institution), now - PAST, now + AHEAD
    if source.country:
        return public_holidays.read(source.country, source.subdivision, zone, since, until)
    return ical.read(source.content or fetch(source.address), zone, since, until)


@transaction.atomic
def _keep_fault(pk: int, fault: str) -> CalendarSource:
    source = get(pk, lock=True)
    if source.fault != fault:
        source.fault = fault
        source.save(update_fields=["fault"])
        _note(source, "calendar.unread", fault=fault)
    return source


@transaction.atomic
def _bring(pk: int, found: Sequence[Found], now: datetime) -> CalendarSource:
    """Let the events be those that were found; what has begun and is not told any more stays.

    Many calendars tell only what is to come: to take such silence for an end would end freezes in the middle of
    exams. A person who knows better lifts the freeze.
    """
    source = get(pk, lock=True)
    by = f"calendar {source.title}"
    corrected = dict(source.corrections.values_list("series", "category"))
    there = {event.uid: event for event in source.events.all()}
    told = {one.uid for one in found}
    vanished = [event for uid, event in there.items() if event.starts_at > now and uid not in told]
    new, changed = list[AcademicEvent](), list[AcademicEvent]()
    for one in found:
        values = {name: getattr(one, name) for name in _FIELDS}
        values["category"] = corrected.get(one.series, one.category)
        event = there.get(one.uid)
        if event is None:
            made = {"institution": source.institution, "source": source, "made_by": by, "made_at": now}
            new.append(AcademicEvent(uid=one.uid, **values, **made))
        elif any(getattr(event, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(event, name, value)
            changed.append(event)
    withdraw(vanished, by=by, now=now)
    AcademicEvent.objects.filter(pk__in=[event.pk for event in vanished]).delete()
    AcademicEvent.objects.bulk_update(changed, _FIELDS, batch_size=500)
    AcademicEvent.objects.bulk_create(new, batch_size=500)
    if new or changed or vanished or source.fault:
        _note(source, "calendar.read", new=len(new), changed=len(changed), vanished=len(vanished))
    source.read_at, source.fault = now, ""
    source.save(update_fields=["read_at", "fault"])
    follow(source.institution, by=by, now=now)
    return source


def _note(source: CalendarSource, kind: str, **more: str | int) -> None:
    data = {"source": source.pk, "title": source.title, "institution": source.institution, **more}
    ledger.append(kind, actor="programme", subject=f"calendar source {source.pk}", data=data)
