"""What we ask of a backup tool, whichever it is: take, list, fetch, delete, and what it can do at all."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, runtime_checkable

from schoolkeeper.connectors.databases.protocol import Readable

Holding = Literal["logical", "physical", "none"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`database` says in which form a copy holds the database: a dump, the server's own files, or not at all."""

    database: Holding
    files: bool
    point_in_time: bool
    deletes: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup as the tool lists it. `holds` are the names under which it was taken ("database", "uploads"), as
    far as the tool knows them. `set_id` is the set it belongs to, "" when somebody else took it. `fault` is what
    the tool itself says is wrong with it."""

    id: str
    taken_at: datetime
    completed_at: datetime | None
    size_bytes: int | None
    holds: tuple[str, ...]
    set_id: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a database is to be brought: to the end of the backup when nothing is said, else to just before a
    time (aware) or a transaction, to a named restore point, or to the end of all that was archived. At most one is
    said."""

    time: datetime | None = None
    transaction: str = ""
    name: str = ""
    latest: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a server's archived log, by PostgreSQL's name; nothing in it is later than `archived_at`."""

    name: str
    archived_at: datetime


class EngineLook(Protocol):
    """Looking at what a tool has. Raises Unreachable when the tool or its repository does not answer; no message,
    argument or log carries a secret."""

    capabilities: ClassVar[Capabilities]

    def version(self) -> str:
        """Such as "restic 0.14.0"."""

    def copies(self) -> list[Copy]:
        """All backups of this system, the oldest first."""

    def check(self, copy_id: str) -> list[str]:
        """Let the tool itself check a copy: what it found wrong, in sentences; nothing means sound."""

    def fetch_dump(self, copy_id: str, into: Path) -> None:
        """Write the dump of a copy to the file `into`. Logical engines only. Raises Permanent."""

    def fetch_server(self, copy_id: str, into: Path, moment: Moment) -> None:
        """Make the folder `into` a data folder that a server of the same version starts on and, with what is
        configured in it, recovers to `moment` and then accepts connections. Physical engines only."""

    def fetch_files(self, copy_id: str, component: str, into: Path, only: Sequence[str] = ()) -> None:
        """Bring the files of a component back below the empty folder `into`. Raises Permanent when the copy has
        none.

        With `only`, those paths alone, and each as far as the copy gives it: what is lost does not come, and what
        is damaged may come otherwise than it was.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@runtime_checkable
class PhysicalLook(EngineLook, Protocol):
    """A tool that keeps a server's own files and its log."""

    def system_identifier(self, copy_id: str) -> str:
        """Of which server a copy is, as PostgreSQL tells servers apart."""

    def log(self) -> list[Segment]:
        """The whole segments that are archived for the server as it is now, in the order of their names."""

    def fetch_log(self, segment: str, into: Path) -> None:
        """Put one segment, as the server wrote it, into the folder `into`, made if it is not there. Raises
        Permanent."""


class EngineAct(EngineLook, Protocol):
    """Also takes and deletes. A copy is listed as a copy of a set only once it is whole."""

    def take_dump(self, set_id: str, dump: AbstractContextManager[Readable]) -> Copy:
        """Keep a dump that is read as a stream. Taking the same set's again replaces it.

        The dump is entered, read and left here, because only leaving it well says that it was whole, and nothing
        may count before.
        """

    def take_server(self, set_id: str) -> Copy:
        """Let the tool copy the server's own files."""

    def take_files(self, set_id: str, component: str, root: Path, exclude: Sequence[str]) -> Copy:
        """Keep a folder."""

    def delete(self, copy_id: str) -> None:
        """Remove a copy; does nothing when there is none."""
