"""What a database holds, written down so that a restored copy can be compared with it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Objects = dict[str, dict[str, str]]
Product = Literal["postgres", "mariadb", "sqlite"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableContent(_Record):
    """`digest` is a whole number as text (see `digest`); "0" for no rows."""

    rows: int
    digest: str


class SequencePosition(_Record):
    """Where a sequence stood before and after a dump: sequences stand outside of snapshots.

    `earliest` and `latest` are NULL where it was never used.
    """

    earliest: int | None
    latest: int | None

    def admits(self, value: int | None) -> bool:
        """Whether a restored copy may stand at `value`."""
        if self.latest is None or self.earliest is None:
            return value == self.latest or (self.latest is not None and abs(value or 0) <= abs(self.latest))
        low, high = sorted((self.earliest, self.latest))
        return value is not None and low <= value <= high


class DatabaseSource(_Record):
    """Which database it was. `system_identifier` tells this server from every other one; None where the role may
    not ask, or where there is no server. `server_version` is like "16.14"."""

    product: Product = "postgres"

    system_identifier: str | None
    database: str
    server_version: str
    server_major: int
    encoding: str
    collate: str
    ctype: str


class Setting(_Record):
    """A setting that sessions in this database begin with, of one role or, where `role` is "", of all.

    `value` is as the database keeps it: in PostgreSQL of a list such as `search_path` the elements, quoted, with
    commas.
    """

    role: str
    name: str
    value: str

    @property
    def owner(self) -> str:
        """Whose setting it is, for people."""
        return f"role {self.role}" if self.role else "the database"


class DatabaseContents(_Record):
    """Every table by its full name, every object by kind and name, every sequence, the settings of the database,
    and the roles that all these need. Names are quoted as `quote_ident` does.

    `not_transactional` are tables that no snapshot covers, such as MyISAM's.
    """

    source: DatabaseSource
    snapshot: str
    taken_at: datetime
    tables: dict[str, TableContent]
    large_objects: TableContent
    objects: Objects
    sequences: dict[str, SequencePosition]
    roles: list[str]
    settings: list[Setting] = []
    not_transactional: list[str] = []
