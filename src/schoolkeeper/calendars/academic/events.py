"""Events: looking them up, entering them by hand, and saying what kind they really are."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from schoolkeeper.calendars.academic.found import midnight
from schoolkeeper.calendars.academic.freezing import follow, withdraw
from schoolkeeper.calendars.models import AcademicEvent, CategoryCorrection
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.records import ledger

CHANGEABLE = frozenset({"title", "category", "starts_at", "ends_at", "all_day"})
TIMES = frozenset({"starts_at", "ends_at", "all_day"})
LONGEST_TITLE = 500


def between(institution: str, since: datetime, until: datetime) -> QuerySet[AcademicEvent]:
    """The events of an institution, and those of everybody, that touch [since, until), by their beginning."""
    about = Q(institution=institution) | Q(institution="")
    rows = AcademicEvent.objects.filter(about, starts_at__lt=until, ends_at__gt=since)
    return rows.select_related("source", "freeze").order_by("starts_at", "id")


def whole_days(institution: str, first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of one day to the end of another (which may be the same), by an institution's clock."""
    zone = zone_of(institution)
    return midnight(first, zone), midnight(last + timedelta(days=1), zone)


@transaction.atomic
def add(
    *,
    institution: str,
    title: str,
    category: str,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    now: datetime,
    all_day: bool = False,
) -> AcademicEvent:
    """Enter an event by hand; days are made by `whole_days`. Raises Invalid listing every fault."""
    uid = f"by-hand-{uuid.uuid4()}"
    event = AcademicEvent(
        institution=institution,
        uid=uid,
        series=uid,
        title=title.strip(),
        category=category,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=all_day,
        made_by=by,
        made_at=now,
    )
    if faults := _faults(event) + _day_faults(event):
        raise Invalid("event", faults)
    event.save()
    _note(event, "event.added", by)
    follow(institution, by=by, now=now)
    return event


@transaction.atomic
def change(pk: int, fields: Mapping[str, Any], *, by: str, now: datetime) -> AcademicEvent:
    """Change an event that was entered by hand; its freeze follows. Raises Invalid listing every fault."""
    event = _by_hand(pk)
    known = ", ".join(sorted(CHANGEABLE))
    faults = [f"{name}: unknown; what can be set is {known}" for name in sorted(fields.keys() - CHANGEABLE)]
    for name in fields.keys() & CHANGEABLE:
        setattr(event, name, fields[name])
    faults += _faults(event)
    if fields.keys() & TIMES:  # else they may be of a clock that the institution had before
        faults += _day_faults(event)
    if faults:
        raise Invalid(f"event {pk}", faults)
    event.save()
    _note(event, "event.changed", by)
    follow(event.institution, by=by, now=now)
    return event


@transaction.atomic
def remove(pk: int, *, by: str, now: datetime) -> None:
    """Take away an event that was entered by hand, and the freeze that follows it."""
    event = _by_hand(pk)
    withdraw([event], by=by, now=now)
    _note(event, "event.removed", by)
    event.delete()


@transaction.atomic
def correct(pk: int, category: str, *, by: str, now: datetime) -> AcademicEvent:
    """Say what kind an event and all its repetitions are, whatever its source says from now on; freezes follow."""
    event = AcademicEvent.objects.select_for_update().filter(pk=pk).first()
    if event is None:
        raise Refused(f"There is no event {pk}.")
    if category not in AcademicEvent.Category.values:
        raise Invalid(f"event {pk}", [f"category: one of {', '.join(AcademicEvent.Category.values)}"])
    event.category = category
    event.save(update_fields=["category"])
    if event.source is not None:
        AcademicEvent.objects.filter(source=event.source, series=event.series).update(category=category)
        CategoryCorrection.objects.update_or_create(
            source=event.source,
            series=event.series,
            defaults={"category": category, "made_by": by, "made_at": now},
        )
    _note(event, "event.corrected", by)
    follow(event.institution, by=by, now=now)
    return event


def _by_hand(pk: int) -> AcademicEvent:
    event = AcademicEvent.objects.select_for_update().filter(pk=pk).first()
    if event is None:
        raise Refused(f"There is no event {pk}.")
    if event.source_id is not None:
        raise Refused("It is read from a calendar: change it there, or correct its category here.")
    return event


def _faults(event: AcademicEvent) -> list[str]:
    faults = []
    if not event.title.strip():
        faults.append("title: say what it is")
    if len(event.title) > LONGEST_TITLE:
        faults.append(f"title: at most {LONGEST_TITLE} characters")
    if event.category not in AcademicEvent.Category.values:
        faults.append(f"category: one of {', '.join(AcademicEvent.Category.values)}")
    if event.ends_at <= event.starts_at:
        faults.append("ends_at: it must come after the beginning")
    return faults


def _day_faults(event: AcademicEvent) -> list[str]:
    """Of a whole day only the date counts for its freeze: one from nine to five would freeze nothing."""
    zone = zone_of(event.institution)
    return [
        f"{name}: of a whole day it is midnight by the clock of {zone.key}"
        for name, at in (("starts_at", event.starts_at), ("ends_at", event.ends_at))
        if event.all_day and at != midnight(at.astimezone(zone).date(), zone)
    ]


def _note(event: AcademicEvent, kind: str, by: str) -> None:
    data = {
        "event": event.pk,
        "title": event.title,
        "institution": event.institution,
        "category": event.category,
        "starts_at": event.starts_at.isoformat(),
        "ends_at": event.ends_at.isoformat(),
    }
    ledger.append(kind, actor=by, subject=f"event {event.pk}", data=data)
