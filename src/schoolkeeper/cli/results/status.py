"""How the systems in our care are."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.results.finding_lines import STYLES
from schoolkeeper.controlroom.queries.proofs import newest_proofs
from schoolkeeper.controlroom.queries.systems import SystemState, states
from schoolkeeper.controlroom.queries.tasks import watching
from schoolkeeper.engine.presence import alive
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records.models import Run


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One system. `level` is its health by the control room's rule, and `why` the reason in a sentence."""

    slug: str
    name: str
    environment: str
    level: str
    why: str
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
    """As the records say, by the control room's rule; this looks at no system."""
    lines = tuple(map(_line, states(timezone.now(), watching())))
    return Status(lines, tuple(worker.pk for worker in alive()))


def exit_for(result: Status) -> Exit:
    """1 when any system has an error, else 3 when any is unknown."""
    levels = {line.level for line in result.systems}
    if "error" in levels or any(line.on_hold for line in result.systems):
        return Exit.FINDINGS
    return Exit.COULD_NOT_LOOK if "unknown" in levels else Exit.FINE


def _line(state: SystemState) -> SystemLine:
    runs = Run.objects.filter(system=state.slug)
    last = runs.filter(state=Run.State.ENDED).order_by("-ended_at").values_list("ended_at", flat=True).first()
    proof = newest_proofs({state.slug: None}, timezone.now())[state.slug]
    return SystemLine(
        slug=state.slug,
        name=state.name,
        environment=state.environment,
        level=state.health.name.lower(),
        why=state.why,
        findings=sum(count for level, count in state.open.items() if level >= Level.WARNING),
        on_hold=state.on_hold,
        running=runs.filter(state__in=(Run.State.QUEUED, Run.State.RUNNING)).count(),
        waiting=runs.filter(state=Run.State.WAITING).count(),
        last_run_at=last,
        last_proven_backup=proof.key or None,
        last_proof_at=proof.proven_at,
    )


def render(result: Status) -> RenderableType:
    """One row a system."""
    if not result.systems:
        return Text("No system is in our care yet: `schoolkeeper apply FILE`.")
    table = Table("System", "Level", "Findings", "Running", "Waiting", "Last run", "Last proven backup", box=None)
    for line in result.systems:
        level = Text(line.level + (", on hold" if line.on_hold else ""), STYLES[Level[line.level.upper()]])
        level.append(f"\n{line.why}", "dim")
        proven = f"{line.last_proven_backup} ({_when(line.last_proof_at)})" if line.last_proven_backup else "none"
        counts = (str(line.findings), str(line.running), str(line.waiting))
        table.add_row(line.slug, level, *counts, _when(line.last_run_at), proven)
    workers = f"At work: {', '.join(result.workers)}" if result.workers else "No worker is at work."
    return Group(table, Text(workers, style="dim" if result.workers else "yellow"))


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
