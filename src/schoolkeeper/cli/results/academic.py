"""The academic calendar: sources, events, and rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.calendars import scope
from schoolkeeper.calendars.academic import events, fetching, freezing, reading, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.cli.moments import shown
from schoolkeeper.controlroom.queries.academic import place_of


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One calendar; `level` is ok or unknown. Of an address only the machine is told."""

    id: int
    title: str
    institution: str
    read_from: str
    level: str
    says: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event; times are UTC. `freeze` is hard, soft, or empty for none."""

    id: int
    title: str
    institution: str
    category: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    source: str
    freeze: str
    lifted: bool


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


def events_of(institution: str, days: int) -> tuple[EventLine, ...]:
    """What comes at an institution, its own and everybody's. Raises Invalid."""
    scope.check("calendar", institution=institution)
    now = timezone.now()
    return tuple(map(event_line, events.between(institution, now, now + timedelta(days=days))))


def set_rule(institution: str, category: str, kind: str, before: int, after: int, *, by: str) -> None:
    """Treat a kind of event so; "usual" is what is usual again, "none" no freeze. Raises Invalid."""
    scope.check("freeze rule", institution=institution)
    now = timezone.now()
    if kind == "usual":
        freezing.reset_rule(institution, category, by=by, now=now)
        return
    known = "" if kind == "none" else kind
    freezing.set_rule(institution, category, known, hours_before=before, hours_after=after, by=by, now=now)


def line(row: CalendarSource) -> SourceLine:
    level, says = sources.level_of(row, timezone.now())
    return SourceLine(row.pk, row.title, row.institution, place_of(row), level.name.lower(), says)


def event_line(row: AcademicEvent) -> EventLine:
    freeze = getattr(row, "freeze", None)
    return EventLine(
        id=row.pk,
        title=row.title,
        institution=row.institution,
        category=row.category,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        source=row.source.title if row.source else "",
        freeze=freeze.kind if freeze else "",
        lifted=freeze is not None and freeze.lifted_at is not None,
    )


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


def render_events(lines: tuple[EventLine, ...]) -> RenderableType:
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
