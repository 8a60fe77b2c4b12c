"""Freezes, and leave to change a system in spite of one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.calendars import freezes, overrides
from schoolkeeper.calendars.models import Freeze, Override
from schoolkeeper.calendars.scope import clock_of
from schoolkeeper.cli.moments import Options, by_whose_clock, moment
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.moments import shown


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """One freeze; times are UTC. `about` says what it binds."""

    id: int
    kind: str
    title: str
    about: str
    system: str
    institution: str
    starts_at: datetime
    ends_at: datetime
    in_force: bool
    made_by: str
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """One override; `state` is asked, granted, ended or expired."""

    id: int
    system: str
    task: str
    reason: str
    state: str
    asked_by: str
    granted_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FreezesResult:
    """Freezes in force and to come, and the overrides against them."""

    freezes: tuple[FreezeLine, ...]
    overrides: tuple[OverrideLine, ...]


def listed(system: str, *, everything: bool) -> FreezesResult:
    """What is in force or to come, for all systems or one; `everything` shows what is over too. Raises Invalid."""
    now = timezone.now()
    rows = freezes.of(find(system)) if system else Freeze.objects.all()
    asked = Override.objects.filter(system=system) if system else Override.objects.all()
    if not everything:
        rows = rows.filter(ends_at__gt=now, lifted_at=None)
        asked = asked.filter(expires_at__gt=now, ended_at=None)
    return FreezesResult(tuple(line(row, now) for row in rows), tuple(override_line(row, now) for row in asked))


def declare(
    title: str, kind: str, starts: str, ends: str, *, system: str, institution: str, zone: str, by: str
) -> FreezeLine:
    """Declare a freeze with times as typed. Raises Invalid."""
    now, options = timezone.now(), Options("freeze")
    clock = options.parse(
        "zone", lambda: by_whose_clock(system, institution, zone), timezone.get_default_timezone()
    )
    starts_at = options.parse("from", lambda: moment(starts, clock), now)
    ends_at = options.parse("to", lambda: moment(ends, clock), now)
    options.end()
    made = freezes.declare(
        kind=kind,
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        now=now,
        system=system,
        institution=institution,
    )
    return line(made, now)


def ask(system: str, task: str, reason: str, hours: int, *, by: str) -> OverrideLine:
    """Ask for an override. Raises Invalid for an unknown system or task, Refused without a reason."""
    now = timezone.now()
    find(system)
    if task:
        catalogue().find(task)
    asked = overrides.ask(system=system, task=task, reason=reason, by=by, now=now, lasts=timedelta(hours=hours))
    return override_line(asked, now)


def line(row: Freeze, now: datetime) -> FreezeLine:
    return FreezeLine(
        id=row.pk,
        kind=row.kind,
        title=row.title,
        about=row.about,
        system=row.system,
        institution=row.institution,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        in_force=row.lifted_at is None and row.starts_at <= now < row.ends_at,
        made_by=row.made_by,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )


def override_line(row: Override, now: datetime) -> OverrideLine:
    state = "ended" if row.ended_at else "expired" if row.expires_at <= now else ""
    return OverrideLine(
        id=row.pk,
        system=row.system,
        task=row.task,
        reason=row.reason,
        state=state or ("granted" if row.granted_by else "asked"),
        asked_by=row.asked_by,
        granted_by=row.granted_by,
        expires_at=row.expires_at,
    )


def render(result: FreezesResult) -> RenderableType:
    """A table of freezes, and one of overrides where there are any."""
    if not result.freezes and not result.overrides:
        return Text("There is no freeze, now or to come.")
    parts: list[RenderableType] = [_table(result.freezes)] if result.freezes else []
    if result.overrides:
        parts += [Text(), override_table(result.overrides)]
    return Group(*parts)


def render_one(one: FreezeLine) -> RenderableType:
    """The same for one."""
    return _table((one,))


def _table(lines: tuple[FreezeLine, ...]) -> Table:
    table = Table("No.", "Freeze", "Of", "From", "To", "State", "What for", box=None, pad_edge=False)
    for one in lines:
        clock = clock_of(one.system, one.institution)
        state = "lifted" if one.lifted_at else "in force" if one.in_force else ""
        times = (shown(one.starts_at, clock), shown(one.ends_at, clock))
        table.add_row(str(one.id), one.kind, Text(one.about), *times, Text(state, "cyan"), Text(one.title))
    return table


def override_table(lines: tuple[OverrideLine, ...]) -> Table:
    """One row an override."""
    table = Table(
        "No.", "Override", "Task", "State", "Asked by", "Granted by", "Until", "Why", box=None, pad_edge=False
    )
    for one in lines:
        people = (Text(one.asked_by), Text(one.granted_by))
        until = shown(one.expires_at, clock_of(one.system, ""))
        task = Text(one.task or "any")
        table.add_row(str(one.id), one.system, task, Text(one.state), *people, until, Text(one.reason))
    return table
