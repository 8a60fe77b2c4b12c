"""Reading the parts of a set back, with what is wrong said as a finding."""

from collections.abc import Iterator
from contextlib import contextmanager

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged


class Unusable(Exception):
    """A part cannot be read back; `fault` says which and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.found)
        self.fault = fault


@contextmanager
def opening(what: str) -> Iterator[None]:
    """Turns what a store says of a damaged part into Unusable, about `what`."""
    try:
        yield
    except CannotOpen as error:
        raise Unusable(Fault(code="cannot_open", subject=what, found=str(error))) from error
    except Damaged as error:
        raise Unusable(Fault(code="damaged_part", subject=what, found=str(error))) from error
