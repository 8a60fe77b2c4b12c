"""Which of the numbered requirements is served, and by what: combined from what each part declares of itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from schoolkeeper.catalogue.registry import Catalogue
from schoolkeeper.catalogue.requirements import Requirement, requirements
from schoolkeeper.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Service:
    """A task, page, command or document that fulfils the requirements with these numbers."""

    kind: Literal["task", "page", "command", "document"]
    name: str
    requirements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One requirement and what serves it; nothing, if `services` is empty."""

    requirement: Requirement
    services: tuple[Service, ...]

    @property
    def is_served(self) -> bool:
        return bool(self.services)


def coverage(services: Iterable[Service]) -> tuple[Item, ...]:
    """All requirements in their order. Raises Invalid for a declared number that does not exist."""
    declared = tuple(services)
    known = {requirement.id for requirement in requirements()}
    faults = [
        f"{service.kind} {service.name}: there is no requirement {number}"
        for service in declared
        for number in sorted(service.requirements - known)
    ]
    if faults:
        raise Invalid("coverage", faults)
    return tuple(
        Item(requirement, tuple(service for service in declared if requirement.id in service.requirements))
        for requirement in requirements()
    )


def served(items: Iterable[Item]) -> int:
    """How many requirements something serves."""
    return sum(item.is_served for item in items)


def of_tasks(catalogue: Catalogue) -> tuple[Service, ...]:
    """What the tasks declare in their Specs."""
    return tuple(Service("task", task.spec.id, task.spec.requirements) for task in catalogue.values())
