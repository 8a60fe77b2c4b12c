"""The kernel's Task, bound to our connectors: the base class of every task in the catalogue."""

from abc import ABC
from typing import Any

from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.task import FactsT, OptionsT, Task


class SystemTask(Task[Look, Act, OptionsT, FactsT], ABC):
    """One thing we know how to do to an ERP."""


AnyTask = SystemTask[Any, Any]
