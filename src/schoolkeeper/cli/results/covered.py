"""Which requirement is served by what: tasks, pages, commands and documents, from their own declarations."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

import schoolkeeper
from schoolkeeper.cli.command import COMMANDS
from schoolkeeper.controlroom import pages
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.reporting import coverage as reporting
from schoolkeeper.reporting.coverage import Service

# A checkout has its documents beside its source; an installation from a wheel has none.
DOCUMENTS = Path(schoolkeeper.__file__).parents[2] / "docs"
_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_SERVES = re.compile(r"^serves:\s*\[([^\]]*)\]\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Item:
    """One requirement. `served_by` are lines such as "task backup.create"; none when nothing serves it yet."""

    id: str
    section: str
    part: str
    group: str
    item: str
    served_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """All requirements in their order."""

    served: int
    total: int
    items: tuple[Item, ...]


def coverage() -> Coverage:
    """Put the declarations together. Raises Invalid when one names a requirement that does not exist."""
    items = tuple(_item(item) for item in reporting.coverage(services()))
    return Coverage(sum(bool(item.served_by) for item in items), len(items), items)


def services() -> tuple[Service, ...]:
    """Everything that declares what it serves."""
    return (*reporting.of_tasks(catalogue()), *pages.services(), *of_commands_and_documents())


def of_commands_and_documents() -> tuple[Service, ...]:
    """What commands and documents declare; the control room is told of it by a setting."""
    import_module("schoolkeeper.cli.main")  # commands are declared when their modules are loaded
    commands = (Service("command", command.name, command.serves) for command in COMMANDS.values())
    return (*commands, *documents(DOCUMENTS))


def documents(folder: Path) -> Iterator[Service]:
    """Documents that begin with front matter saying `serves: [M105, M106]`."""
    for path in sorted(folder.rglob("*.md")):
        front = _FRONT_MATTER.match(path.read_text(encoding="utf-8"))
        if front and (serves := _SERVES.search(front[1])):
            numbers = frozenset(number.strip() for number in serves[1].split(",") if number.strip())
            yield Service("document", path.relative_to(folder).as_posix(), numbers)


def render(result: Coverage) -> RenderableType:
    """One row a requirement."""
    table = Table("Item", "Requirement", "Served by", box=None, pad_edge=False)
    for item in result.items:
        by = Text(", ".join(item.served_by)) if item.served_by else Text("nothing yet", style="yellow")
        table.add_row(item.id, f"{item.part}: {item.group}: {item.item}", by)
    return Group(table, Text(f"{result.served} of {result.total} items are served.", style="bold"))


def _item(item: reporting.Item) -> Item:
    by: Sequence[str] = [f"{service.kind} {service.name}" for service in item.services]
    asked = item.requirement
    return Item(asked.id, asked.section, asked.part, asked.group, asked.item, tuple(by))
