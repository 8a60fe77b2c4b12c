"""The catalogue as a list."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.engine.gate import needs_approval
from schoolkeeper.engine.knowledge import catalogue


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One option of a task, as `run --option name=value` takes it."""

    name: str
    default: object
    description: str


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task; `risk` is read_only, routine, disruptive or destructive."""

    id: str
    title: str
    summary: str
    version: int
    kind: str
    risk: str
    undo: str
    cadence: str | None
    needs_approval: bool
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    requirements: tuple[str, ...]
    options: tuple[OptionLine, ...]
    findings: tuple[str, ...]


def tasks(task_id: str = "") -> tuple[TaskLine, ...]:
    """Every task, in order of id, or one. Raises Invalid when there is none of that id."""
    return tuple(_line(task) for task in ([catalogue().find(task_id)] if task_id else catalogue().values()))


def _line(task: AnyTask) -> TaskLine:
    spec = task.spec
    return TaskLine(
        id=spec.id,
        title=spec.title,
        summary=spec.summary,
        version=spec.version,
        kind=spec.kind.value,
        risk=spec.risk.name.lower(),
        undo=spec.undo.value,
        cadence=spec.cadence.value if spec.cadence else None,
        needs_approval=needs_approval(spec),
        reads=tuple(sorted(spec.readable)),
        writes=tuple(sorted(spec.writable)),
        requirements=tuple(sorted(spec.requirements)),
        options=tuple(
            OptionLine(name, field.get_default(call_default_factory=True), field.description or "")
            for name, field in task.options.model_fields.items()
        ),
        findings=tuple(sorted(spec.codes)),
    )


def render(lines: Sequence[TaskLine]) -> RenderableType:
    """One row a task."""
    table = Table("Task", "What it does", "When", "Risk", "Taken back by", box=None, pad_edge=False)
    for line in lines:
        risk = line.risk.replace("_", " ") + (", needs approval" if line.needs_approval else "")
        table.add_row(line.id, line.title, line.cadence or "on demand", risk, line.undo)
    return table


def render_one(lines: Sequence[TaskLine]) -> RenderableType:
    """What it does, and what it can be asked for with `--option NAME=VALUE`."""
    (line,) = lines
    table = Table("Option", "Unless said", "What it says", box=None, pad_edge=False)
    for one in line.options:
        table.add_row(one.name, Text("" if one.default in ("", []) else str(one.default)), Text(one.description))
    return Group(render(lines), Text(f"\n{line.summary}\n"), table)
