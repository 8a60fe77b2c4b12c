"""What every database product must be able to do, so that backups and recoveries need not know which it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from schoolkeeper.connectors.databases.contents import DatabaseContents, DatabaseSource
from schoolkeeper.connectors.databases.fault import Fault


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Saving(Protocol):
    """A database held still: whatever is asked of it is as of one moment, `taken_at`.

    Every method raises Unreachable or Temporary when the database does not answer, Permanent when a dump fails.
    """

    taken_at: datetime
    source: DatabaseSource
    tool: str
    """The program that dumps, with its version: "pg_dump 16.14"."""

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, as of the moment."""

    def dump(self) -> AbstractContextManager[Readable]:
        """The dump as an uncompressed stream. Leaving the block well means that it was whole."""

    def contents(self) -> DatabaseContents:
        """Counts and digests of all tables and the definitions of all objects. Asked for after the dump was read;
        a product may have been counting meanwhile."""


class DatabaseLook(Protocol):
    """A look at a database component."""

    name: str

    def rows(self, query: str) -> list[dict[str, Any]]: ...

    def row(self, query: str) -> dict[str, Any]: ...

    def size_bytes(self) -> int:
        """How much disk the database takes."""

    def saving(self) -> AbstractContextManager[Saving]:
        """Hold the database still, without locking anybody out, for as long as the block lasts."""


class ScratchServer(Protocol):
    """A server of our own for one restored copy. It lives in one folder, listens on loopback only, reaches
    nothing outside, and dies with the process that started it. All methods may be repeated after an interruption;
    those that need the server raise Permanent when it does not start.
    """

    version: str

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def restore(
        self, dump: Path, contents: DatabaseContents, dumped_by: str, loading: Callable[[], None] = ...
    ) -> list[Fault]:
        """Bring the dump back into an empty copy, replacing one that an interruption left half done.

        `contents` says which roles, extensions and settings it needs; `dumped_by` is `Saving.tool`; `loading` is
        called once before the loading begins. A fault of level "error" means that there is no copy.
        """

    def observe(self) -> DatabaseContents:
        """What the copy holds; each sequence stands at `earliest` = `latest`."""

    def check(self) -> tuple[int, list[Fault]]:
        """Let the product itself look for broken tables and indexes: how many it looked at, and what it found."""

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the copy, without a time limit; raises QueryFailed."""

    def execute(self, statement: str) -> None:
        """Change the copy, such as to switch off what would reach the outside; raises QueryFailed."""

    def address(self) -> str:
        """How an application reaches the copy, with its password: a URL such as postgresql://… or mysql://…

        It gets an account that may use everything in the copy and cannot reach beyond it.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class QueryFailed(Exception):
    """A query on a restored copy failed. The message is the error's kind only, because texts may quote rows."""
