"""Opens connectors at first use, keeps them for one stage of a run and closes them together."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol, Self, TypeVar, cast

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import NotDeclared, Unreachable


class Connector(Protocol):
    """Whatever can be opened and closed."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


ComponentT = TypeVar("ComponentT", bound=Component)
ConnectorT = TypeVar("ConnectorT", bound=Connector)


class Opening:
    """The connectors of one system that a task may use: those of the component kinds in `allowed`."""

    def __init__(self, system: System, allowed: frozenset[str], verb: str) -> None:
        self._system = system
        self._allowed = allowed
        self._verb = verb
        self._open = ExitStack()
        self._connectors: dict[str, Connector] = {}

    def close(self) -> None:
        self._open.close()

    def connector(
        self, name: str, kind: type[ComponentT], connect: Callable[[str, ComponentT], ConnectorT]
    ) -> ConnectorT:
        """The connector to the component `name`, opened by `connect` the first time.

        Raises Unreachable when the definition has no such component of that kind, NotDeclared when the task
        may not use the kind.
        """
        component = self._system.components.get(name)
        if component is None:
            raise Unreachable(name, f"the definition of {self._system.slug} has no component of this name")
        if component.kind not in self._allowed:
            raise NotDeclared(f"this task does not declare that it {self._verb} {component.kind!r}")
        if not isinstance(component, kind):
            raise Unreachable(name, f"the definition says it is of kind {component.kind!r}")
        if name not in self._connectors:
            self._connectors[name] = self._open.enter_context(connect(name, component))
        return cast(ConnectorT, self._connectors[name])
