"""Replacing the database of a system: the right way for each product."""

from pathlib import Path

from schoolkeeper.connectors.databases.replacement import Replacement
from schoolkeeper.connectors.postgres.administration import Administration
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.replacement import PostgresReplacement
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable

AnyTarget = DatabaseTarget


def replacement(system: System, component: str, tag: str, keep: Path) -> Replacement:
    """The way to replace a system's database. `tag` is what names of the run end with; `keep` is a folder for what
    must outlast the run. Raises Unreachable when the definition has no such database."""
    match system.components.get(component):
        case PostgresComponent() as found:
            return PostgresReplacement(Administration(component, found), tag)
        case _:
            raise Unreachable(component, f"the definition of {system.slug} has no database of this name")
