"""What a definition says of a MariaDB or MySQL database."""

from typing import Literal

from pydantic import Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.secrets import SecretReference


class MariadbComponent(Component):
    """A MariaDB database, 10.3 or newer; a MySQL database can be looked at, not saved."""

    kind: Literal["mariadb"]
    dsn: SecretReference = Field(description="Where the connection address (mysql://…) is kept")
    admin_dsn: SecretReference | None = Field(
        None, description="The same for an account that may make databases and lock accounts; for recoveries"
    )
