"""The dry run: assess, judge and plan in this process; nothing is changed and nothing recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.utils import timezone
from rich.console import Group, RenderableType
from rich.text import Text

from schoolkeeper import profiles
from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.cli.results import finding_lines
from schoolkeeper.cli.results.finding_lines import FindingLine
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.engine.gate import needs_approval
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.ledger.keys import signer_at
from schoolkeeper.records import sets


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One change that a run would make."""

    key: str
    says: str
    can_be_taken_back: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, and what looking alone already tells."""

    task: str
    system: str
    undo: str
    needs_approval: bool
    steps: tuple[PlannedStep, ...]
    findings: tuple[FindingLine, ...]


def plan(task_id: str, slug: str, given: Mapping[str, object]) -> Plan:
    """Look and decide. Raises Invalid for an unknown task, system or option, Unreachable when it cannot look."""
    task, system = catalogue().find(task_id), find(slug)
    options = parse_options(task, given)
    now = timezone.now()
    home = settings.SCHOOLKEEPER_HOME
    context = RunContext("dry-run", now, now, home, signer_at(home), partial(sets.recorded, slug))
    with Look(system, profiles.load(system.profile), context, task.spec) as look:
        facts = task.assess(look, options)
    return Plan(
        task=task_id,
        system=slug,
        undo=task.spec.undo.value,
        needs_approval=needs_approval(task.spec),
        steps=tuple(
            PlannedStep(step.key, step.says, step.inverse is not None) for step in task.plan(facts, options)
        ),
        findings=tuple(FindingLine.of(slug, finding) for finding in task.judge(facts, options)),
    )


def render(result: Plan) -> RenderableType:
    """Findings, then the steps as a numbered list."""
    lines: list[RenderableType] = [finding_lines.render(result.findings), Text("")]
    if not result.steps:
        return Group(*lines, Text("Nothing to do: a run would change nothing."))
    lines.append(Text(f"A run would take {len(result.steps)} step(s); undo: {result.undo}.", style="bold"))
    lines += [Text(f"{number:>4}. {step.says}") for number, step in enumerate(result.steps, start=1)]
    if result.needs_approval:
        lines.append(Text("It would wait for a person's approval.", style="yellow"))
    return Group(*lines)
