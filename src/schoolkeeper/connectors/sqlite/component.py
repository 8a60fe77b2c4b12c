"""What a definition says of an SQLite database."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.files.component import AbsolutePath


class SqliteComponent(Component):
    """A database in one file on the worker's machine."""

    kind: Literal["sqlite"]
    path: AbsolutePath = Field(description="The database's file, as an absolute path")
