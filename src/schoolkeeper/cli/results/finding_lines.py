"""Findings as people read them, wherever they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.exits import Exit
from schoolkeeper.kernel.finding import Finding, Level

STYLES = {
    Level.UNKNOWN: "magenta",
    Level.ERROR: "red",
    Level.WARNING: "yellow",
    Level.INFO: "dim",
    Level.OK: "green",
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding; times are UTC. `level` is ok, info, warning, error or unknown."""

    system: str
    level: str
    code: str
    subject: str
    says: str
    hint: str
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    times_seen: int = 1
    silenced: bool = False

    @classmethod
    def of(cls, system: str, finding: Finding) -> "FindingLine":
        """A finding that was just made and is in no record."""
        level = finding.level.name.lower()
        return cls(system, level, finding.code, finding.subject, finding.says, finding.hint)


def exit_for(lines: Sequence[FindingLine]) -> Exit:
    """1 when any is an error, else 3 when any is unknown; silenced ones do not count."""
    levels = {line.level for line in lines if not line.silenced}
    if "error" in levels:
        return Exit.FINDINGS
    return Exit.COULD_NOT_LOOK if "unknown" in levels else Exit.FINE


def render(lines: Sequence[FindingLine]) -> RenderableType:
    """A paragraph for each finding: what and where, in a sentence, and the first thing to do about it."""
    if not lines:
        return Text("No findings.", style="green")
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        level = Text(line.level + (", silenced" if line.silenced else ""), style=STYLES[Level[line.level.upper()]])
        place = " · ".join(filter(None, (line.system, line.code, line.subject)))
        grid.add_row(
            level, Text.assemble((place, "bold"), f"\n{line.says}", (f"\n{line.hint}" if line.hint else "", "dim"))
        )
    return grid
