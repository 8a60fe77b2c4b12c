"""In which order the tasks of one day come: pure."""

from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter

from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.spec import Cadence, Spec


def due(specs: Iterable[Spec], cadence: Cadence, system: System) -> tuple[Spec, ...]:
    """The tasks of a cadence that the system has all components for, in the order in which they come."""
    return in_order(spec for spec in specs if spec.cadence is cadence and fits(spec, system))


def fits(spec: Spec, system: System) -> bool:
    """Whether the system has a component of every kind that the task needs."""
    return spec.fits(frozenset(component.kind for component in system.components.values()))


def in_order(specs: Iterable[Spec]) -> tuple[Spec, ...]:
    """Each task after those that it declares to come after; among equals looking comes before changing."""
    by_id = {spec.id: spec for spec in specs}
    return tuple(_in_order(by_id))


def _in_order(by_id: dict[str, Spec]) -> Iterator[Spec]:
    sorter = TopologicalSorter({spec.id: spec.after & by_id.keys() for spec in by_id.values()})
    sorter.prepare()
    ready: set[str] = set()
    while sorter.is_active():
        ready.update(sorter.get_ready())
        first = min(ready, key=lambda task_id: (by_id[task_id].risk, task_id))
        ready.remove(first)
        sorter.done(first)
        yield by_id[first]
