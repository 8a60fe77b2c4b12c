"""Where the stores of a definition lie: apart from each other, and apart from what is saved into them."""

import os.path
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.system import System

Fault = tuple[tuple[str, ...], str]


def faults(system: System) -> Iterator[Fault]:
    """Stores that are one place, which would count as two copies; and folders of the ERP that a store lies in, or
    that lie in a store: each set would save the sets before it, and cleaning up would take sets away."""
    stores = {name: one for name, one in system.components.items() if isinstance(one, StoreComponent)}
    for (first, one), (second, other) in combinations(stores.items(), 2):
        if one.url is not None and (one.url, one.endpoint) == (other.url, other.endpoint):
            yield ("components", second, "url"), f"is the same place as the store {first}: one place is one copy"
        if _meet(one.path, other.path):
            yield ("components", second, "path"), f"the store {first} lies in the same folder: that is one copy"
    for name, folder in system.components.items():
        if isinstance(folder, FilesComponent):
            for store, one in stores.items():
                if _meet(one.path, folder.path):
                    says = f"it and the folder {name} lie within each other: let the store lie elsewhere"
                    yield ("components", store, "path"), says


def _meet(one: Path | None, other: Path | None) -> bool:
    """Whether one is the other or lies in it, by their names: the folders may be on another machine."""
    if one is None or other is None:
        return False
    first, second = Path(os.path.normpath(one)), Path(os.path.normpath(other))
    return first.is_relative_to(second) or second.is_relative_to(first)
