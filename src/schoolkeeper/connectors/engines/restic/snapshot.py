"""A snapshot as restic lists it, and what its tags say of one of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Self
from urllib.parse import quote, unquote

DATABASE = "database"
DUMP = "/database.dump"
_OURS = "schoolkeeper-"


def tags(**words: str) -> str:
    """Words of ours as restic's --tag and --set take them."""
    return ",".join(f"{_OURS}{name}={quote(word, safe=':+')}" for name, word in words.items())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`words` are what our tags say: `system` and `component`; `taking` or `set`, the set it is to belong to or
    does; `completed` and `size`, once it is whole. A snapshot of somebody else has none."""

    id: str
    original: str
    taken_at: datetime
    host: str
    paths: tuple[str, ...]
    words: Mapping[str, str]

    @classmethod
    def read(cls, listed: Mapping[str, Any]) -> Self:
        pairs = (tag.removeprefix(_OURS).partition("=") for tag in listed.get("tags") or () if _OURS in tag)
        return cls(
            id=listed["id"],
            original=listed.get("original") or listed["id"],
            taken_at=datetime.fromisoformat(listed["time"]).astimezone(UTC),
            host=listed["hostname"],
            paths=tuple(listed["paths"]),
            words={name: unquote(word) for name, _, word in pairs},
        )

    @property
    def set_id(self) -> str:
        """The set that it belongs to; "" while it is not known to be whole."""
        return self.words.get("set", "")

    @property
    def part(self) -> tuple[str, str]:
        """Which part of which set it is or was to become."""
        return self.set_id or self.words.get("taking", ""), self.words.get("component", "")

    def was(self, first_id: str) -> bool:
        """Whether this is the snapshot that restic first gave that id, of which it tells the beginning only."""
        return self.original.startswith(first_id)

    def has(self, path: str) -> bool:
        """Whether the path lies in what was to be saved; it need not have been there."""
        return any(PurePosixPath(path).is_relative_to(saved) for saved in self.paths)

    def may_have(self, pattern: str) -> bool:
        """Whether something that matches the glob may have been saved."""
        return self.has(fixed_part(pattern)) or any(PurePosixPath(path).match(pattern) for path in self.paths)


def fixed_part(pattern: str) -> str:
    """The folder that everything which matches the glob lies below."""
    path = PurePosixPath(pattern).parent
    while any(character in str(path) for character in "*?["):
        path = path.parent
    return str(path)
