"""What a recovery needs of a database that it replaces, whichever product it is."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.space import Space
from schoolkeeper.kernel.facts import Facts

Why = Literal["replaced", "abandoned", "undone"]
Pair = tuple[DatabaseContents, DatabaseContents]
"""What was saved and what is there now, in the same words: as far as the two can be compared."""


class Target(Facts):
    """The database that is to be replaced, and the server it is on.

    `system_identifier` tells this server from every other one, as a set's source does; None where nobody can tell.
    `is_empty` is None when nobody could look into it. `lacking` says which rights the role would need and has not;
    `absent_roles` are roles that the set needs and the server has not. `space` is None for a server on another
    machine. `sessions` is who would be sent away.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"sessions", "space"})

    database: str
    login: str
    role: str
    same_server: bool
    system_identifier: str | None
    server_major: int
    read_only: bool
    is_empty: bool | None
    lacking: list[str]
    absent_roles: list[str]
    sessions: dict[str, int]
    space: Space | None

    @property
    def exists(self) -> bool:
        """Whether there is a database of this name at all."""
        raise NotImplementedError

    def is_like(self, source: DatabaseSource) -> bool:
        """Whether the server is of the release that the set was taken from, and so spells definitions the same."""
        return self.server_major == source.server_major


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back beside the old one. `id` tells it from every other database, whatever its name."""

    id: str
    roles_made: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Aside:
    """A database that a recovery replaced, left behind when it was given up, or took out of its place again after
    users had worked in it. `removing` is the command to remove it."""

    name: str
    why: Why
    size_bytes: int | None
    removing: str


class Replacement(Protocol):
    """The database of a component, the one that is to take its place, and the one that was there before.

    Their names are the run's own. Every method may be repeated after an interruption, and each of those that go
    back tolerates that what it takes back never happened. Raises Unreachable or Temporary when the database does
    not answer, else Permanent.
    """

    database: str
    before: str
    complete_beside: bool
    """Whether all of it can be compared before it is in its place."""

    def look(self, contents: DatabaseContents) -> Target:
        """See what is there, without writing; `contents` says what will be needed."""

    def restore(
        self, dump: AbstractContextManager[Path], contents: DatabaseContents, dumped_by: str, target: Target
    ) -> Restored:
        """Bring the database back beside the one that is there. `dump` is fetched when it is entered."""

    def observe(self, contents: DatabaseContents) -> Pair:
        """All that can be compared while it lies beside."""

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the restored database, beside or in its place; raises QueryFailed."""

    def neutralise(self, statements: Sequence[str]) -> None:
        """Change the restored database while it lies beside."""

    def swap(self, restored_id: str, target: Target) -> None:
        """Put the restored database into its place, closed; what is there is closed and put aside. Nothing is done
        when neither of the two stands in the place."""

    def observe_in_place(self, contents: DatabaseContents) -> Pair:
        """All of it, in its place."""

    def settle(self) -> list[Fault]:
        """The last things before it is opened, compared as well."""

    def open(self, target: Target) -> list[Fault]:
        """Let everybody in again; what is left to do by hand."""

    def swap_back(self, restored_id: str | None, target: Target) -> None:
        """Put things as they were before `swap`, or before it was interrupted."""

    def discard(self, absent_roles: Sequence[str], *, keeps: bool) -> None:
        """Remove what was restored, and the roles made for it. With `keeps` it is put aside instead, because users
        have worked in it."""

    def is_in_place(self, restored_id: str) -> bool:
        """Whether it is the restored database that bears the name."""

    def is_open(self) -> bool:
        """Whether users get in."""

    def schema(self, contents: DatabaseContents) -> Pair:
        """Objects and settings of what bears the name now; people may be writing rows."""

    def aside(self) -> list[Aside]:
        """What this and earlier runs put aside, and what earlier runs gave up."""
