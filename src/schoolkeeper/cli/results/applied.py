"""Applying definition files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from rich.console import Group, RenderableType
from rich.text import Text

from schoolkeeper.connectors.system import System
from schoolkeeper.engine.care import take_into_care
from schoolkeeper.estate import definition
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import sheet


@dataclass(frozen=True, slots=True)
class Applied:
    """One file; `changes` are lines beginning with + - or ~, none when all was so already."""

    file: str
    system: str
    changes: tuple[str, ...]


def apply(files: Sequence[Path], *, by: str) -> tuple[Applied, ...]:
    """Take all systems of these files into care, or none. Raises Invalid with the faults of all files."""
    systems: list[tuple[Path, System]] = []
    faults: list[str] = []
    for file in files:
        try:
            systems.append((file, definition.read(file)))
        except Invalid as error:
            faults += error.faults
    if faults:
        raise Invalid("nothing was applied", faults)
    with transaction.atomic():
        return tuple(
            Applied(str(file), system.slug, tuple(map(str, take_into_care(system, by=by))))
            for file, system in systems
        )


def apply_programme(file: Path, *, by: str, dry: bool) -> tuple[Applied, ...]:
    """Make a system's programme what a file says; with `dry` only say what would change. Raises Invalid."""
    now = timezone.now()
    wanted = sheet.read(definition.text_of(file), str(file), now)
    changes = sheet.apply(wanted, by=by, now=now, dry=dry)
    return (Applied(str(file), wanted.system, tuple(map(str, changes))),)


def render(applied: Sequence[Applied]) -> RenderableType:
    """The changes below each system."""
    lines = []
    for one in applied:
        says = f"{len(one.changes)} change(s)" if one.changes else "nothing to change"
        lines += [Text(f"{one.system}: {says}", style="bold"), *(Text(f"  {line}") for line in one.changes)]
    return Group(*lines)


def summary(applied: Sequence[Applied]) -> RenderableType:
    """One line a system."""
    lines = (f"{one.system}: {len(one.changes)} change(s) applied from {one.file}" for one in applied)
    return Text("\n".join(lines))
