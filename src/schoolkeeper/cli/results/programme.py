"""The programme of a system, and what is next, late and missed over all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.estate.care import find
from schoolkeeper.kernel.moments import shown
from schoolkeeper.programme import entries, outlook
from schoolkeeper.programme.outlook import Agenda, EntryView, OccurrenceView

MOST_LINES = 200
"""So many occurrences are listed one by one for people; more are counted by month."""
AT_ONCE = 200
_STYLES = {"done": "green", "late": "yellow", "missed": "red", "waived": "dim", "running": "cyan"}


@dataclass(frozen=True, slots=True)
class ProgrammeResult:
    """The programme of one system and what is due until `until`; times are UTC, `zone` is the system's."""

    system: str
    zone: str
    until: datetime
    entries: tuple[EntryView, ...]
    occurrences: tuple[OccurrenceView, ...]


def show(system: str, days: int) -> ProgrammeResult:
    """The programme of a system, today and so many days from now. Raises Invalid when it is not in our care."""
    now, zone = timezone.now(), find(system).timezone
    entries.bring_into_line(system, now)
    today = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    until = now + timedelta(days=days)
    found = outlook.occurrences(today, until, now, system=system)
    return ProgrammeResult(system, zone, until, outlook.entries(system, now), found)


def agenda(system: str, person: str, hours: int) -> Agenda:
    """What is next within so many hours, late and missed. Raises Invalid for an unknown system."""
    if system:
        find(system)
    return outlook.agenda(timezone.now(), timedelta(hours=hours), most=AT_ONCE, system=system, person=person)


def render(result: ProgrammeResult) -> RenderableType:
    """The entries, then what is due: one by one, or how often in each month when that is too much to read."""
    zone = ZoneInfo(result.zone)
    title = Text(f"Programme of {result.system} ({result.zone})", style="bold")
    listed = len(result.occurrences) <= MOST_LINES
    due = _occurrences(result.occurrences) if listed else _months(result.occurrences, zone)
    return Group(title, entry_table(result.entries), Text(), due)


def entry_table(lines: Sequence[EntryView]) -> RenderableType:
    """One row an entry; a star marks what somebody set."""
    if not lines:
        return Text("Nothing is in it yet: `schoolkeeper tasks` lists what there is to do.")
    table = Table("Task", "Rule", "At", "Owner", "Next", "", box=None, pad_edge=False)
    for line in lines:
        marks = {name: "*" if name in line.changed else "" for name in ("rule", "at")}
        state = Text(f"paused: {line.pause_reason}" if line.paused else "", "yellow")
        whose = line.owner + (f" ({line.deputy})" if line.deputy else "")
        table.add_row(
            Text(line.task),
            Text((line.rule or "after events") + marks["rule"]),
            f"{line.at:%H:%M}{marks['at']}",
            Text(whose),
            shown(line.next_at, ZoneInfo(line.zone)),
            state,
        )
    return table


def render_agenda(result: Agenda) -> RenderableType:
    """Three lists, the worst first."""
    parts: list[RenderableType] = []
    for title, lines in (("Missed", result.missed), ("Late", result.late), ("Next", result.next)):
        if lines:
            parts += [Text(title, style="bold"), _occurrences(lines, system=True), Text()]
    return Group(*parts) if parts else Text("Nothing is due, late or missed.")


def _occurrences(lines: Iterable[OccurrenceView], *, system: bool = False) -> Table:
    names = ("No.", *(("System",) if system else ()), "Due", "Task", "State", "Owner", "In a sentence")
    table = Table(*names, box=None, pad_edge=False)
    for line in lines:
        state = Text("late, " + line.state if line.is_late and line.state != "late" else line.state)
        state.stylize("red" if line.is_late else _STYLES.get(line.state, ""))
        where = (line.system,) if system else ()
        due = shown(line.due_at, ZoneInfo(line.zone))
        table.add_row(str(line.id), *where, due, Text(line.task), state, Text(line.owner), Text(line.says))
    return table


def _months(lines: Iterable[OccurrenceView], zone: ZoneInfo) -> Table:
    counts = Counter((line.task, line.due_at.astimezone(zone).date().replace(day=1)) for line in lines)
    months = sorted({month for _, month in counts})
    # As narrow as can be: thirteen months beside the tasks' names in eighty columns.
    table = Table("Due in", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for month in months:
        table.add_column(f"{month:%b}", justify="right")
    for task in sorted({task for task, _ in counts}):
        table.add_row(task, *(str(counts[task, month] or "") for month in months))
    return table
