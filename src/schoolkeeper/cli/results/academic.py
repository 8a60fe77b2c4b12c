"""The academic calendar: sources, events, and rules."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.calendars import scope
from schoolkeeper.calendars.academic import events, fetching, freezing, reading, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.cli.moments import Options, day, moment
from schoolkeeper.cli.moments import zone as named_zone
from schoolkeeper.controlroom.queries.academic import EventTold, place_of, told
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.moments import shown

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class _Span(TypedDict):
    """From when to when an event lasts, UTC, and whether it is whole days."""

    starts_at: datetime
    ends_at: datetime
    all_day: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One calendar; `level` is ok or unknown. Of an address only the machine is told."""

    id: int
    title: str
    institution: str
    read_from: str
    level: str
    says: str


def listed(institution: str) -> tuple[SourceLine, ...]:
    """All calendars, or those that an institution follows. Raises Invalid."""
    scope.check("calendar", institution=institution)
    rows = CalendarSource.objects.all()
    return tuple(map(line, rows.filter(institution__in={institution, ""}) if institution else rows))


def add(
    title: str, *, institution: str, address: str, file: Path | None, country: str, part: str, by: str
) -> SourceLine:
    """Add a calendar and read it. Raises Invalid, and Unreachable for a file that cannot be read."""
    scope.check("calendar source", institution=institution)
    content = fetching.fetch(str(file.resolve())) if file else ""
    made = sources.add(
        title=title,
        institution=institution,
        address=address,
        content=content,
        country=country,
        subdivision=part,
        by=by,
        now=timezone.now(),
    )
    return read(made.pk)


def read(number: int) -> SourceLine:
    """Read a calendar now. Raises Refused when there is none."""
    return line(reading.read(number, timezone.now()))


def replace(number: int, file: Path, *, by: str) -> SourceLine:
    """Put a newer file in the place of an uploaded one and read it. Raises as `add` does."""
    sources.replace(number, fetching.fetch(str(file.resolve())), by=by, now=timezone.now())
    return read(number)


def enter(title: str, category: str, starts: str, ends: str, *, institution: str, zone: str, by: str) -> EventTold:
    """Enter an event with times as typed. Raises Invalid."""
    scope.check("event", institution=institution)
    made = events.add(
        institution=institution,
        title=title,
        category=category,
        **_span(starts, ends, institution, zone),
        by=by,
        now=timezone.now(),
    )
    return told(AcademicEvent.objects.get(pk=made.pk))


def change(number: int, title: str, category: str, starts: str, ends: str, *, zone: str, by: str) -> EventTold:
    """Change what is given of an event that was entered by hand. Raises Invalid, and Refused for others."""
    fields: dict[str, object] = {name: text for name, text in (("title", title), ("category", category)) if text}
    row = AcademicEvent.objects.filter(pk=number).first()
    if row is None:
        raise Refused(f"There is no event {number}.")
    if starts or ends:
        fields |= _span(starts, ends, row.institution, zone)
    if not fields:
        raise Invalid(f"event {number}", ["say what to change: --title, --category, or --from and --to"])
    events.change(number, fields, by=by, now=timezone.now())
    return told(AcademicEvent.objects.get(pk=number))


def events_of(institution: str, days: int) -> tuple[EventTold, ...]:
    """What comes at an institution, its own and everybody's. Raises Invalid."""
    scope.check("calendar", institution=institution)
    now = timezone.now()
    return tuple(map(told, events.between(institution, now, now + timedelta(days=days))))


def set_rule(institution: str, category: str, kind: str, before: int, after: int, *, by: str) -> None:
    """Treat a kind of event so; "usual" is what is usual again, "none" no freeze. Raises Invalid."""
    scope.check("freeze rule", institution=institution)
    now = timezone.now()
    if kind == "usual":
        freezing.reset_rule(institution, category, by=by, now=now)
        return
    known = "" if kind == "none" else kind
    freezing.set_rule(institution, category, known, hours_before=before, hours_after=after, by=by, now=now)


def _span(starts: str, ends: str, institution: str, zone: str) -> _Span:
    """Two days are whole days, the last one included; else two times by the clock of the institution."""
    options, now = Options("event"), timezone.now()
    clock = options.parse("zone", lambda: named_zone(zone) if zone else zone_of(institution), zone_of(institution))
    if _DAY.fullmatch(starts) and _DAY.fullmatch(ends) and not zone:
        first = options.parse("from", lambda: day(starts), now.date())
        last = options.parse("to", lambda: day(ends), now.date())
        options.end()
        begin, end = events.whole_days(institution, first, last)
        return {"starts_at": begin, "ends_at": end, "all_day": True}
    begin = options.parse("from", lambda: moment(starts, clock), now)
    end = options.parse("to", lambda: moment(ends, clock), now)
    options.end()
    return {"starts_at": begin, "ends_at": end, "all_day": False}


def line(row: CalendarSource) -> SourceLine:
    level, says = sources.level_of(row, timezone.now())
    return SourceLine(row.pk, row.title, row.institution, place_of(row), level.name.lower(), says)


def render(lines: tuple[SourceLine, ...]) -> RenderableType:
    """One row a calendar."""
    if not lines:
        return Text("No calendar is known.")
    table = Table("No.", "Of", "Calendar", "Read from", "Level", "", box=None, pad_edge=False)
    for one in lines:
        level = Text(one.level.upper(), "green" if one.level == "ok" else "magenta")
        whose = Text(one.institution or "everybody")
        table.add_row(str(one.id), whose, Text(one.title), Text(one.read_from), level, Text(one.says))
    return table


def render_events(lines: tuple[EventTold, ...]) -> RenderableType:
    """One row an event."""
    if not lines:
        return Text("Nothing is known to come.")
    table = Table("No.", "From", "To", "Kind", "Freeze", "What", box=None, pad_edge=False)
    for one in lines:
        zone = zone_of(one.institution)
        freeze = "lifted" if one.lifted else one.freeze
        times = (shown(one.starts_at, zone), shown(one.ends_at, zone))
        table.add_row(str(one.id), *times, one.category, freeze, Text(one.title))
    return table
