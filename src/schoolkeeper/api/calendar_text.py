"""The programme of an institution or a person as iCalendar (RFC 5545): what is due in a year, windows, freezes.

Tasks are events and duties of people are to-dos. Each occurrence stands by itself, at its wall-clock time in the
zone of its entry, so that a calendar need not know our rules for days on which clocks change. UIDs follow from
what is due when, so that an entry keeps its place in a calendar whatever becomes of the rows.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet
from icalendar import Calendar, Component, Event, Todo

from schoolkeeper.api.models import CalendarFeed
from schoolkeeper.calendars.models import Freeze, Window
from schoolkeeper.calendars.scope import zone_of
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.outlook import title_of
from schoolkeeper.programme.scheduler.starting import run_key

BEHIND, AHEAD = timedelta(days=31), timedelta(days=366)
SHOWN_FOR = timedelta(minutes=15)
"""How long a task is shown for: nobody knows beforehand how long it takes."""
VERSION = "1"
"""Part of the tag: another form of the same rows is another content."""
_STATES = {"missed": "Missed: ", "waived": "Waived: ", "late": "Done late: ", "done": "Done: "}


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of a feed. `tag` changes with any of them, and is much cheaper than the text."""

    feed: CalendarFeed
    names: dict[str, str]
    zones: list[str]
    occurrences: list[Occurrence]
    windows: list[Window]
    freezes: list[Freeze]

    @classmethod
    def of(cls, feed: CalendarFeed, now: datetime) -> "Content":
        """What belongs to a feed now: a month back and a year ahead."""
        since, until = now - BEHIND, now + AHEAD
        rows = _occurrences(feed).filter(due_at__gte=since, due_at__lt=until).order_by("due_at", "id")
        occurrences = list(rows.select_related("entry"))
        slugs = {one.entry.system for one in occurrences} if feed.person else set()
        records = SystemRecord.objects.filter(
            Q(slug__in=slugs) if feed.person else Q(institution=feed.institution)
        )
        about = Q(system__in=records.values("slug")) | Q(system="", institution="")
        about |= Q(system="", institution__in=records.exclude(institution="").values("institution"))
        overlapping = Q(ends_at__gt=since, starts_at__lt=until)
        return cls(
            feed=feed,
            names=dict(records.values_list("slug", "name")),
            zones=sorted(records.values_list("timezone", flat=True)),
            occurrences=occurrences,
            windows=list(Window.objects.filter(about & overlapping)),
            freezes=list(Freeze.objects.filter(about & overlapping)),
        )

    @property
    def tag(self) -> str:
        """A digest of all that the text is made of."""
        running = hashlib.sha256(repr((VERSION, self.feed.pk, sorted(self.names.items()), self.zones)).encode())
        for one in self.occurrences:
            entry = one.entry
            said = (run_key(one), one.not_before, one.late_at, one.state, one.ended_at)
            running.update(repr((*said, entry.zone, entry.owner, entry.deputy)).encode())
        for window in self.windows:
            ends = (window.ends_at, window.cancelled_at)
            running.update(repr((window.pk, window.starts_at, *ends, window.title, window.says)).encode())
        for freeze in self.freezes:
            ends = (freeze.ends_at, freeze.lifted_at)
            running.update(repr((freeze.pk, freeze.starts_at, *ends, freeze.title, freeze.kind)).encode())
        return running.hexdigest()

    def text(self) -> bytes:
        """The calendar."""
        calendar = Calendar()
        calendar.add("prodid", "-//Schoolkeeper//Programme//EN")
        calendar.add("version", "2.0")
        calendar.add("name", f"Maintenance: {self.feed}")
        calendar.add("x-wr-calname", f"Maintenance: {self.feed}")
        days = list[date]()
        for part in self._components():
            calendar.add_component(part)
            days.append(part.decoded("dtstart").date())
        if days:
            calendar.add_missing_timezones(min(days) - AHEAD, max(days) + AHEAD)
        text: bytes = calendar.to_ical()
        return text

    def _components(self) -> Iterator[Component]:
        for occurrence in self.occurrences:
            yield _due(occurrence, self.names, self.feed.made_at)
        for window in self.windows:
            says = window.says or "The system may be away or slow."
            yield _stretch(window, f"Maintenance: {window.title}", says, window.made_at, window.cancelled_at)
        for freeze in self.freezes:
            says = {"hard": "Nothing is changed.", "soft": "Nothing is done that disturbs users."}[freeze.kind]
            yield _stretch(freeze, f"Freeze: {freeze.title}", says, freeze.made_at, freeze.lifted_at)


def _occurrences(feed: CalendarFeed) -> QuerySet[Occurrence]:
    rows = Occurrence.objects.filter(entry__retired_at=None)
    if not feed.daily:
        often = Q(entry__rule__icontains="FREQ=DAILY") | Q(entry__rule__icontains="FREQ=HOURLY")
        rows = rows.exclude(often, entry__by_people=False)
    if feed.person:
        return rows.filter(Q(entry__owner=feed.person) | Q(entry__deputy=feed.person))
    systems = SystemRecord.objects.filter(institution=feed.institution).values("slug")
    return rows.filter(entry__system__in=systems)


def _due(occurrence: Occurrence, names: dict[str, str], made_at: datetime) -> Component:
    entry, zone = occurrence.entry, ZoneInfo(occurrence.entry.zone)
    part: Component = Todo() if entry.by_people else Event()
    part.add("uid", f"{run_key(occurrence)}@{settings.SCHOOLKEEPER_INSTANCE}")
    part.add("dtstamp", occurrence.ended_at or made_at)
    part.add("dtstart", _by_the_clock(occurrence.not_before, zone))
    title = f"{title_of(entry.task)}: {names.get(entry.system, entry.system)}"
    part.add("summary", f"{_STATES.get(occurrence.state, '')}{title}")
    if entry.owner:
        part.add("description", f"Whose it is: {entry.owner}" + (f", or {entry.deputy}" if entry.deputy else ""))
    if entry.by_people:
        # A to-do must be over after it begins, and be read as due on the day on which it counts as late.
        part.add("due", _by_the_clock(max(occurrence.late_at, occurrence.not_before + SHOWN_FOR), zone))
        _finish(part, occurrence)
    else:
        part.add("duration", SHOWN_FOR)
        part.add("transp", "TRANSPARENT")
        part.add("status", "CANCELLED" if occurrence.state == Occurrence.State.WAIVED else "CONFIRMED")
    return part


def _finish(part: Component, occurrence: Occurrence) -> None:
    if occurrence.state in (Occurrence.State.DONE, Occurrence.State.LATE):
        part.add("status", "COMPLETED")
        if occurrence.ended_at:
            part.add("completed", occurrence.ended_at.astimezone(UTC))
    else:
        part.add("status", "CANCELLED" if occurrence.state == Occurrence.State.WAIVED else "NEEDS-ACTION")


def _stretch(row: Window | Freeze, summary: str, says: str, made_at: datetime, ended_at: datetime | None) -> Event:
    """A window or a freeze, cancelled when it was taken back."""
    zone: tzinfo = zone_of(row.system, row.institution) or UTC
    event = Event()
    event.add("uid", f"{row._meta.model_name}-{row.pk}@{settings.SCHOOLKEEPER_INSTANCE}")
    event.add("dtstamp", ended_at or made_at)
    event.add("dtstart", _by_the_clock(row.starts_at, zone))
    event.add("dtend", _by_the_clock(row.ends_at, zone))
    event.add("summary", summary)
    event.add("description", f"{says} ({row.about})")
    event.add("transp", "TRANSPARENT")
    event.add("status", "CANCELLED" if ended_at else "CONFIRMED")
    return event


def _by_the_clock(moment: datetime, zone: tzinfo) -> datetime:
    """A moment in a zone; in UTC where the zone's clocks show it a second time, which iCalendar cannot say."""
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if local.fold else local
