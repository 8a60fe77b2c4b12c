"""What a definition says of a PostgreSQL database."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.secrets import SecretReference


class PostgresComponent(Component):
    """A PostgreSQL database, 14 or newer."""

    kind: Literal["postgres"]
    dsn: SecretReference = Field(description="Where the connection address (postgresql://…) is kept")
    admin_dsn: SecretReference | None = Field(
        None,
        description="Where the address of a role is kept that makes, renames and closes databases; for recoveries",
    )
