"""How the systems in our care are."""

from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.results.findings import STYLES, findings
from schoolkeeper.engine.models import Hold
from schoolkeeper.engine.presence import alive
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records import evidence
from schoolkeeper.records.models import Run

NEVER_LOOKED = "unknown"


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One system. `level` is that of its worst finding; "unknown" when nobody has looked yet."""

    slug: str
    name: str
    environment: str
    level: str
    findings: int
    on_hold: bool
    running: int
    waiting: int
    last_run_at: datetime | None
    last_proven_backup: str | None
    last_proof_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """All systems, and the workers that are alive."""

    systems: tuple[SystemLine, ...]
    workers: tuple[str, ...]


def status() -> Status:
    """As the records say; this looks at no system."""
    lines = tuple(_line(record) for record in SystemRecord.objects.all())
    return Status(lines, tuple(worker.pk for worker in alive()))


def exit_for(result: Status) -> Exit:
    """1 when any system has an error, else 3 when any is unknown."""
    levels = {line.level for line in result.systems}
    if "error" in levels or any(line.on_hold for line in result.systems):
        return Exit.FINDINGS
    return Exit.COULD_NOT_LOOK if "unknown" in levels else Exit.FINE


def _line(record: SystemRecord) -> SystemLine:
    runs = Run.objects.filter(system=record.slug)
    last = runs.filter(state=Run.State.ENDED).order_by("-ended_at").values_list("ended_at", flat=True).first()
    lines = findings(system=record.slug, level=None, everything=False)
    levels = [Level[line.level.upper()] for line in lines]
    proof = evidence.newest(record.slug, "proof", holds=True)
    # An error is certain and an unknown is not, so the error is what a person must see first.
    worst = Level.ERROR if Level.ERROR in levels else max(levels, default=Level.OK)
    return SystemLine(
        slug=record.slug,
        name=record.name,
        environment=record.environment,
        level=worst.name.lower() if last else NEVER_LOOKED,
        findings=len(levels),
        on_hold=Hold.objects.filter(system=record.slug, cleared_at=None).exists(),
        running=runs.filter(state__in=(Run.State.QUEUED, Run.State.RUNNING)).count(),
        waiting=runs.filter(state=Run.State.WAITING).count(),
        last_run_at=last,
        last_proven_backup=proof.key if proof else None,
        last_proof_at=proof.at if proof else None,
    )


def render(result: Status) -> RenderableType:
    """One row a system."""
    if not result.systems:
        return Text("No system is in our care yet: `schoolkeeper apply FILE`.")
    table = Table("System", "Level", "Findings", "Running", "Waiting", "Last run", "Last proven backup", box=None)
    for line in result.systems:
        level = Text(line.level + (", on hold" if line.on_hold else ""), STYLES[Level[line.level.upper()]])
        proven = f"{line.last_proven_backup} ({_when(line.last_proof_at)})" if line.last_proven_backup else "none"
        counts = (str(line.findings), str(line.running), str(line.waiting))
        table.add_row(line.slug, level, *counts, _when(line.last_run_at), proven)
    workers = f"At work: {', '.join(result.workers)}" if result.workers else "No worker is at work."
    return Group(table, Text(workers, style="dim" if result.workers else "yellow"))


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
