"""A rescue: what it would do, and how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from schoolkeeper import profiles
from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.catalogue.registry import build
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.results import finding_lines
from schoolkeeper.cli.results.finding_lines import FindingLine
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.rescue.course import Rescue, Shown
from schoolkeeper.rescue.journal import Journal
from schoolkeeper.server import configuration
from schoolkeeper.server.own_state import PROFILE, at_hand


@dataclass(frozen=True, slots=True)
class RescueResult:
    """How it ended; `journal` is the file that says what happened."""

    task: str
    system: str
    outcome: str
    says: str
    journal: str
    findings: tuple[FindingLine, ...]

    @property
    def exit(self) -> Exit:
        if self.outcome == Outcome.UNKNOWN.value:
            return Exit.COULD_NOT_LOOK
        return Exit.FINE if Outcome(self.outcome).is_good else Exit.FINDINGS


def rescue(
    task_id: str,
    system: System,
    given: Mapping[str, object],
    name: str,
    by: str,
    approve: Callable[[Shown], bool],
    progress: Callable[[str], None],
) -> RescueResult:
    """Carry a task out here and now. Raises Invalid for an unknown task or bad options, Unreachable, Refused."""
    task = build(BUILTIN).find(task_id)
    settings = configuration.read()
    home = settings.home
    journal = Journal(_journal_file(home / "rescue", name or f"{system.slug}-{task_id}", fixed=bool(name)))
    options = parse_options(task, given)
    profile = profiles.load(system.profile)
    with at_hand(system, settings):
        own = system.profile == PROFILE and task.spec.risk >= Risk.DESTRUCTIVE
        course = Rescue(task, system, profile, options, home, journal, by, approve, progress, replaces_own=own)
        ended = course.carry_out()
    lines = tuple(FindingLine.of(system.slug, finding) for finding in ended.findings)
    return RescueResult(task_id, system.slug, ended.outcome.value, ended.says, str(journal.path), lines)


def _journal_file(folder: Path, name: str, *, fixed: bool) -> Path:
    """The unfinished journal of this name, else a new one."""
    if fixed:
        return folder / f"{name}.jsonl"
    number = 1
    while Journal(path := folder / f"{name}-{number}.jsonl").newest("ended") is not None:
        number += 1
    return path


def render_plan(system: System, shown: Shown) -> RenderableType:
    """What a person decides on."""
    lines: list[RenderableType] = []
    if shown.findings:
        lines += [
            finding_lines.render([FindingLine.of(system.slug, finding) for finding in shown.findings]),
            Text(""),
        ]
    if shown.resumed:
        lines.append(Text("This was begun before and goes on where it was.", style="bold"))
    lines.append(Text(f"{len(shown.steps)} steps on {system.name} ({system.environment}):", style="bold"))
    lines += [Text(f"{number:>4}. {step.says}") for number, step in enumerate(shown.steps, start=1)]
    return Group(*lines)


def render(result: RescueResult) -> RenderableType:
    """The outcome, what is left to know, and where it is written down."""
    good = Outcome(result.outcome).is_good
    lines: list[RenderableType] = [Text(f"{result.outcome}: {result.says}", style="green" if good else "red")]
    if result.findings:
        lines.append(finding_lines.render(result.findings))
    lines.append(Text(f"Journal: {result.journal}"))
    return Group(*lines)
