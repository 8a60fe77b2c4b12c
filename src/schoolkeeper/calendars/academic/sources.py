"""Where a calendar is read from: adding, replacing, removing sources, and how far to trust them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from schoolkeeper.calendars.academic import ical, public_holidays
from schoolkeeper.calendars.academic.fetching import fault_of as address_fault
from schoolkeeper.calendars.academic.freezing import withdraw
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records import ledger

PAST, AHEAD = timedelta(days=366), timedelta(days=2 * 365 + 1)
"""How far back and ahead events are read."""
STALE = timedelta(days=2)
"""After so long without a good reading nobody knows what the calendar says now."""


@transaction.atomic
def add(
    *,
    institution: str,
    title: str,
    by: str,
    now: datetime,
    address: str = "",
    content: str = "",
    country: str = "",
    subdivision: str = "",
) -> CalendarSource:
    """Add an address or file, an uploaded text, or a country's holidays: exactly one of the three.

    It is read by `reading.read`, at once or by the next round. Raises Invalid listing every fault; those of an
    uploaded text name their lines.
    """
    source = CalendarSource(
        institution=institution,
        title=title.strip(),
        address=address.strip(),
        content=content,
        country=country.strip().upper(),
        subdivision=subdivision.strip().upper(),
        made_by=by,
        made_at=now,
    )
    faults = _faults(source, now)
    if faults:
        raise Invalid("calendar source", faults)
    source.save()
    _note(source, "calendar.added", by)
    return source


@transaction.atomic
def replace(pk: int, content: str, *, by: str, now: datetime) -> CalendarSource:
    """Put a newer uploaded text in the place of the last; corrections of categories hold. Raises Invalid."""
    source = get(pk, lock=True)
    if not source.content:
        raise Refused(f"{source.title} is no uploaded file; it is read from {source.address or source.country}.")
    ical.read(content, zone_of(source.institution), now - PAST, now + AHEAD)
    source.content, source.tried_at = content, None
    source.save(update_fields=["content", "tried_at"])
    _note(source, "calendar.replaced", by)
    return source


@transaction.atomic
def remove(pk: int, *, by: str, reason: str, now: datetime) -> None:
    """Remove a source with its events and their freezes that are not over. Raises Refused without a reason."""
    source = get(pk, lock=True)
    if not reason.strip():
        raise Refused("Say why: what its events froze is free again.")
    withdraw(AcademicEvent.objects.filter(source=source), by=by, now=now)
    _note(source, "calendar.removed", by, reason=reason.strip())
    source.delete()


def get(pk: int, *, lock: bool = False) -> CalendarSource:
    """A source. Raises Refused when there is none of this number."""
    rows = CalendarSource.objects.select_for_update() if lock else CalendarSource.objects.all()
    source = rows.filter(pk=pk).first()
    if source is None:
        raise Refused(f"There is no calendar source {pk}.")
    return source


def level_of(source: CalendarSource, now: datetime) -> tuple[Level, str]:
    """OK or UNKNOWN, and a sentence: a calendar that could not be read is never a calendar without events."""
    if source.fault:
        known = f"; its events are those of {source.read_at:%Y-%m-%d %H:%M} UTC" if source.read_at else ""
        return Level.UNKNOWN, f"It could not be read{known}: {source.fault}"
    if source.read_at is None:
        return Level.UNKNOWN, "It has not been read yet."
    if now - source.read_at > STALE:
        return (
            Level.UNKNOWN,
            f"It was last read at {source.read_at:%Y-%m-%d %H:%M} UTC: no worker has read it since.",
        )
    return Level.OK, f"It was read at {source.read_at:%Y-%m-%d %H:%M} UTC."


def _faults(source: CalendarSource, now: datetime) -> list[str]:
    faults = [*_too_long(source)]
    if not source.title:
        faults.append("title: give it a name by which people know it")
    elif CalendarSource.objects.filter(institution=source.institution, title=source.title).exists():
        faults.append(f"title: {source.institution or 'everybody'} has a source of this name already")
    if sum(map(bool, (source.address, source.content, source.country))) != 1:
        faults.append("address: give either an address, or an uploaded file, or a country")
    elif source.content:
        try:
            ical.read(source.content, zone_of(source.institution), now - PAST, now + AHEAD)
        except Invalid as invalid:
            faults += invalid.faults
    else:
        place = public_holidays.fault_of(source.country, source.subdivision) if source.country else ""
        faults += filter(None, [place or (source.address and address_fault(source.address))])
    return faults


def _too_long(source: CalendarSource) -> Iterator[str]:
    """A database refuses what is longer in words that nobody understands."""
    for name, longest in (("title", 200), ("address", 1000)):
        if len(getattr(source, name)) > longest:
            yield f"{name}: at most {longest} characters"


def _note(source: CalendarSource, kind: str, by: str, **more: str) -> None:
    """An address may be secret (a private calendar's), so it is not told."""
    what = "country" if source.country else "address" if source.address else "upload"
    data = {"source": source.pk, "title": source.title, "institution": source.institution, "from": what, **more}
    ledger.append(kind, actor=by, subject=f"calendar source {source.pk}", data=data)
