"""What a store needs of the place where its objects lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it."""

    name: str
    size_bytes: int
    modified_at: datetime


class Place(Protocol):
    """Named objects, each written once and whole; names are relative paths with "/".

    Objects are at most some tens of megabytes, so they travel as bytes. Every method raises Unreachable when the
    place does not answer or refuses to be looked at; nothing in any message is secret.
    """

    @property
    def where(self) -> str:
        """The place in words for people, such as "s3://school-backups/erp"; without secrets."""

    def open(self) -> None:
        """Make sure that the place is there and lets us in. Never makes the place itself: where a disk is not
        mounted, we would fill the one below it."""

    def close(self) -> None: ...

    def put(self, name: str, data: bytes) -> None:
        """Keep an object: whole and safely stored when this returns, or else not there under this name at all.

        One of that name is replaced. Raises Permanent when the place is full or refuses, Temporary when trying
        again may help.
        """

    def get(self, name: str) -> bytes:
        """The content of an object. Raises FileNotFoundError."""

    def size_bytes(self, name: str) -> int | None:
        """The size of an object; None when there is none of this name."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """All objects whose names begin with `prefix`, in order of their names; leftovers of interrupted writing
        are no objects."""

    def delete(self, name: str) -> None:
        """Remove an object; does nothing when there is none. Raises Permanent when the place refuses."""

    def free_bytes(self) -> int | None:
        """How much more fits; None where no limit is known."""

    def locked_until(self, name: str) -> datetime | None:
        """Until when the place itself keeps this object from being deleted (object lock); `datetime.max`, in UTC,
        for a hold without an end; None: not kept."""

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Remove what interrupted writing left behind before that time; how many it was."""
