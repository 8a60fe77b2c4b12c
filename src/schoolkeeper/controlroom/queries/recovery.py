"""What can be recovered, in the words of somebody who needs it: from the tasks that are in the catalogue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.wording import Need, Word
from schoolkeeper.engine.gate import needs_approval, needs_four_eyes
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.spec import Spec

SET = "set"
"""The option by which a task is told from which set to recover."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to recover; `fits` is False when the chosen system lacks what the task needs."""

    spec: Spec
    options: type[Options]
    need: Need
    fits: bool = True

    @property
    def risk(self) -> Word:
        return wording.RISKS[self.spec.risk]

    @property
    def takes_a_set(self) -> bool:
        return SET in self.options.model_fields

    @property
    def needs_approval(self) -> bool:
        return needs_approval(self.spec)

    @property
    def second_person(self) -> bool:
        return needs_four_eyes(self.spec)


def choices(kinds: Iterable[str] | None = None) -> list[Choice]:
    """Every way that there is here, the smallest first."""
    have = None if kinds is None else frozenset(kinds)
    return [_choice(task_id, have) for task_id in wording.NEEDS if task_id in catalogue()]


def find(task_id: str, kinds: Iterable[str]) -> Choice | None:
    """The way that this task is, if there is such a one here."""
    if task_id not in wording.NEEDS or task_id not in catalogue():
        return None
    return _choice(task_id, frozenset(kinds))


def kinds_of(definition: Mapping[str, object]) -> frozenset[str]:
    """The kinds of components that a definition names."""
    parts = definition.get("components")
    return frozenset(part["kind"] for part in parts.values()) if isinstance(parts, dict) else frozenset()


def _choice(task_id: str, have: frozenset[str] | None) -> Choice:
    task = catalogue()[task_id]
    return Choice(task.spec, task.options, wording.NEEDS[task_id], have is None or task.spec.fits(have))
