"""Maintenance windows."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.calendars import windows
from schoolkeeper.calendars.models import Window
from schoolkeeper.calendars.scope import clock_of
from schoolkeeper.cli.moments import Options, by_whose_clock, moment
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.moments import shown
from schoolkeeper.kernel.spec import Risk


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One window; times are UTC. `state` is planned, open, overrun, over or cancelled."""

    id: int
    title: str
    about: str
    system: str
    institution: str
    starts_at: datetime
    ends_at: datetime
    allows: str
    state: str
    says: str
    made_by: str
    cancel_reason: str


def listed(system: str, *, everything: bool) -> tuple[WindowLine, ...]:
    """What is open or to come, for all systems or one; `everything` shows what is over too. Raises Invalid."""
    now = timezone.now()
    rows = windows.of(find(system)) if system else Window.objects.all()
    if not everything:
        in_overrun = Q(overrun_at__isnull=False, closed_at=None)
        rows = rows.filter(Q(ends_at__gt=now) | in_overrun, cancelled_at=None)
    return tuple(line(row, now) for row in rows)


def plan(
    title: str,
    starts: str,
    ends: str,
    *,
    system: str,
    institution: str,
    zone: str,
    allows: str,
    says: str,
    by: str,
) -> WindowLine:
    """Plan a window with times as typed. Raises Invalid."""
    now, options = timezone.now(), Options("window")
    clock = options.parse(
        "zone", lambda: by_whose_clock(system, institution, zone), timezone.get_default_timezone()
    )
    starts_at = options.parse("from", lambda: moment(starts, clock), now)
    ends_at = options.parse("to", lambda: moment(ends, clock), now)
    risk = options.parse("allows", lambda: risk_of(allows), Risk.DISRUPTIVE)
    options.end()
    made = windows.plan(
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        now=now,
        system=system,
        institution=institution,
        allows=risk,
        says=says,
    )
    return line(made, now)


def move(number: int, starts: str, ends: str, *, zone: str, by: str) -> WindowLine:
    """Move a window to times as typed. Raises Invalid, and Refused when it has begun."""
    now, options = timezone.now(), Options("window")
    window = Window.objects.filter(pk=number).first()
    if window is None:
        raise Refused(f"There is no window {number}.")
    clock = options.parse(
        "zone", lambda: by_whose_clock(window.system, window.institution, zone), timezone.get_default_timezone()
    )
    starts_at = options.parse("from", lambda: moment(starts, clock), now)
    ends_at = options.parse("to", lambda: moment(ends, clock), now)
    options.end()
    return line(windows.move(number, starts_at=starts_at, ends_at=ends_at, by=by, now=now), now)


def risk_of(name: str) -> Risk:
    """The risk of this name. Raises ValueError."""
    found = Risk.__members__.get(name.upper())
    if found is None:
        raise ValueError(f"one of {', '.join(risk.name.lower() for risk in Risk)}")
    return found


def line(row: Window, now: datetime) -> WindowLine:
    return WindowLine(
        id=row.pk,
        title=row.title,
        about=row.about,
        system=row.system,
        institution=row.institution,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        allows=Risk(row.allows).name.lower(),
        state=row.state_at(now),
        says=row.says,
        made_by=row.made_by,
        cancel_reason=row.cancel_reason,
    )


def render(lines: tuple[WindowLine, ...]) -> RenderableType:
    """One row a window."""
    if not lines:
        return Text("No window is open or planned.")
    table = Table("No.", "Of", "From", "To", "Allows", "State", "What for", box=None, pad_edge=False)
    for one in lines:
        clock = clock_of(one.system, one.institution)
        times = (shown(one.starts_at, clock), shown(one.ends_at, clock))
        state = Text(one.state, "cyan" if one.state == "open" else "red" if one.state == "overrun" else "")
        table.add_row(str(one.id), Text(one.about), *times, one.allows, state, Text(one.title))
    return table
