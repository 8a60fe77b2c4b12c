"""Replacing the database of a system: the right way for each product."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from schoolkeeper.connectors.databases.replacement import Replacement
from schoolkeeper.connectors.mariadb import administration as mariadb
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.replacement import MariadbReplacement
from schoolkeeper.connectors.mariadb.target import MariadbTarget
from schoolkeeper.connectors.postgres import administration as postgres
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.replacement import PostgresReplacement
from schoolkeeper.connectors.postgres.target import DatabaseTarget
from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.sqlite.replacement import SqliteReplacement
from schoolkeeper.connectors.sqlite.target import SqliteTarget
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable

AnyTarget = Annotated[DatabaseTarget | MariadbTarget | SqliteTarget, Field(discriminator="product")]


def replacement(system: System, component: str, tag: str, keep: Path) -> Replacement:
    """The way to replace a system's database. `tag` is what names of the run end with; `keep` is a folder for what
    must outlast the run. Raises Unreachable when the definition has no such database."""
    match system.components.get(component):
        case PostgresComponent() as found:
            return PostgresReplacement(postgres.Administration(component, found), tag)
        case MariadbComponent() as found:
            return MariadbReplacement(mariadb.Administration(component, found), tag, keep)
        case SqliteComponent() as found:
            return SqliteReplacement(found, tag)
        case _:
            raise Unreachable(component, f"the definition of {system.slug} has no database of this name")
