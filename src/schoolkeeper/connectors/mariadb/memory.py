"""What a replacement of a MariaDB database must not forget between its steps, because no name shows it."""

from pathlib import Path

from pydantic import Field

from schoolkeeper.connectors.mariadb.code import Code
from schoolkeeper.connectors.postgres.cluster_files import write_whole
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.facts import Facts


class Grant(Facts):
    """A privilege that the set knows and the server does not, on this database or a table of it."""

    role: str
    names: str
    scope: str
    with_option: bool


class Memory(Facts):
    """`events` are the definitions that the set has. `placeholders` are sequences that must be there while tables
    are loaded which take their numbers from them; `made_database` tells that it was made for them.

    What follows `begun` is known once the names begin to change: the
    `old_tables` and the `old_code` of what is replaced, the accounts that were `locked`, the privileges that were
    `granted`; `new_tables` are those that were restored, None before. `is_coded` tells that the code of the set is
    in its place."""

    encoding: str
    collate: str
    taken_at_seconds: float
    events: dict[str, str]
    missing_grants: list[Grant]
    placeholders: list[str] = Field(default_factory=list)
    made_database: bool = False
    made_accounts: list[str] = Field(default_factory=list)
    is_neutralised: bool = False
    begun: bool = False
    old_encoding: str = ""
    old_collate: str = ""
    old_tables: list[str] = Field(default_factory=list)
    new_tables: list[str] | None = None
    old_code: list[Code] = Field(default_factory=list)
    old_grants: list[Grant] = Field(default_factory=list)
    locked: list[str] = Field(default_factory=list)
    granted: list[Grant] = Field(default_factory=list)
    is_coded: bool = False


class Notebook:
    """Where it is written down; each writing is whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "mariadb.json"

    def read(self) -> Memory | None:
        try:
            return Memory.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def remembered(self) -> Memory:
        """Raises Permanent when nothing was written down, or it is lost."""
        memory = self.read()
        if memory is None:
            raise Permanent(f"{self._path} is not there any more, and with it what was noted about the recovery")
        return memory

    def write(self, memory: Memory) -> Memory:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._path, memory.model_dump_json() + "\n")
        return memory

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
