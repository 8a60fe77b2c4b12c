"""Windows that repeat, and what is proposed for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.calendars import scope, series
from schoolkeeper.calendars.models import WindowSeries
from schoolkeeper.cli.moments import Options, by_whose_clock
from schoolkeeper.cli.results.windows import risk_of
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme.quietest import choosing

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """Windows that repeat; `at` is the wall clock's time in `zone`."""

    id: int
    title: str
    about: str
    rule: str
    at: time
    zone: str
    minutes: int
    allows: str
    says: str
    reason: str
    made_by: str


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """The quietest stretch of a weekday."""

    day: str
    at: time
    minutes: int
    zone: str
    share_percent: float
    is_quietest: bool
    reason: str


def listed(system: str) -> tuple[SeriesLine, ...]:
    """The series that go on, of all systems or one. Raises Invalid."""
    rows = series.of(find(system)) if system else WindowSeries.objects.filter(ended_at=None)
    return tuple(map(line, rows))


def begin(*, at: str, zone: str, allows: str, by: str, given: Mapping[str, Any]) -> SeriesLine:
    """Plan a series with values as typed. Raises Invalid."""
    options = Options("window series")
    scope.check("window series", given["system"], given["institution"])
    clock = options.parse("zone", lambda: by_whose_clock(given["system"], given["institution"], zone), None)
    starts = options.parse("at", lambda: wall_clock(at), time())
    risk = options.parse("allows", lambda: risk_of(allows), Risk.DISRUPTIVE)
    options.end()
    return line(series.begin(**given, at=starts, zone=str(clock), allows=risk, by=by, now=timezone.now()))


def change(number: int, given: dict[str, Any], *, at: str | None, by: str) -> SeriesLine:
    """Set fields of a series. Raises Invalid, and Refused when it does not go on."""
    options = Options("window series")
    if at is not None:
        given["at"] = options.parse("at", lambda: wall_clock(at), time())
    options.end()
    return line(series.change(number, given, by=by, now=timezone.now()))


def proposed(system: str, minutes: int) -> tuple[ProposedLine, ...]:
    """The quietest stretch of each weekday. Raises Invalid, and Refused where nobody knows."""
    offered = choosing.proposals(system, minutes, timezone.now())
    best = choosing.quietest(offered)
    return tuple(
        ProposedLine(
            DAYS[one.weekday], one.at, one.minutes, one.zone, round(one.share_percent, 4), one is best, one.reason
        )
        for one in offered
    )


def choose(system: str, minutes: int, *, day: str, title: str, allows: str, says: str, by: str) -> SeriesLine:
    """Plan a window each week where it disturbs least. Raises as `proposed` does."""
    options = Options("window")
    weekday = options.parse("day", lambda: weekday_of(day), None)
    risk = options.parse("allows", lambda: risk_of(allows), Risk.DISRUPTIVE)
    options.end()
    now = timezone.now()
    return line(
        choosing.choose(system, minutes, weekday=weekday, title=title, allows=risk, says=says, by=by, now=now)
    )


def weekday_of(name: str) -> int | None:
    """The number of a weekday, 0 for Monday; None for none. Raises ValueError."""
    if not name:
        return None
    if name.lower() not in DAYS:
        raise ValueError(f"one of {', '.join(DAYS)}")
    return DAYS.index(name.lower())


def wall_clock(text: str) -> time:
    """A time of day. Raises ValueError."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo:
        raise ValueError(f"write a wall-clock time such as 02:30, not {text!r}")
    return found


def line(row: WindowSeries) -> SeriesLine:
    names = ("title", "about", "rule", "at", "zone", "minutes", "says", "reason", "made_by")
    values = {name: getattr(row, name) for name in names}
    return SeriesLine(id=row.pk, allows=Risk(row.allows).name.lower(), **values)


def render(lines: tuple[SeriesLine, ...]) -> RenderableType:
    """One row a series."""
    if not lines:
        return Text("No window repeats.")
    table = Table("No.", "Of", "Rule", "At", "Minutes", "Allows", "What for", box=None, pad_edge=False)
    for one in lines:
        at = f"{one.at:%H:%M} {one.zone}"
        table.add_row(
            str(one.id), Text(one.about), Text(one.rule), at, str(one.minutes), one.allows, Text(one.title)
        )
    return table


def render_proposed(lines: tuple[ProposedLine, ...]) -> RenderableType:
    """One row a weekday; the quietest is marked."""
    table = Table("Day", "At", "Share of the week", "", box=None, pad_edge=False)
    for one in lines:
        mark = Text("quietest", "green") if one.is_quietest else Text()
        table.add_row(one.day.capitalize(), f"{one.at:%H:%M} {one.zone}", f"{one.share_percent:.2f} %", mark)
    return table
