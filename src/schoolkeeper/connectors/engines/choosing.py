"""Which of a system's backup tools brings its database back to a moment."""

from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.system import System

PHYSICAL_KINDS = frozenset({"pgbackrest", "barman"})


def physical_engine(system: System, wanted: str, store: str) -> tuple[str, str]:
    """The component's name, or "" and why there is none: the one that is wanted, else the one that keeps the
    database of the store, else the only one."""
    engines = [
        name for name, one in system.components.items() if isinstance(one, PgbackrestComponent | BarmanComponent)
    ]
    if wanted:
        return (wanted, "") if wanted in engines else ("", f"{wanted} is no component of pgBackRest or Barman")
    keeper = system.components.get(store)
    if isinstance(keeper, StoreComponent) and keeper.database_by in engines:
        return keeper.database_by, ""
    if len(engines) == 1:
        return engines[0], ""
    if engines:
        return "", f"there are several tools that keep the server's log: {', '.join(engines)}"
    return "", "no tool keeps the server's log: that takes pgBackRest or Barman"
