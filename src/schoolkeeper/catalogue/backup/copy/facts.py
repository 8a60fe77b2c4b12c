"""What `backup.copy` sees."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from schoolkeeper.catalogue.backup.verify.copies import HeldPart
from schoolkeeper.kernel.facts import Facts


class Lacking(Facts):
    """A set that a target lacks, or has not whole; `bytes` must travel for it."""

    set: str
    bytes: int


class TargetFacts(Facts):
    """A store that sets are copied to. `sets` are lacking there, oldest first; `proofs` are records of sets that
    it has; `differing` are sets that contradict what is there. `newest_at` is when the newest whole set there was
    taken, `held` are parts of it that no store contains, because another tool keeps them."""

    volatile: ClassVar[frozenset[str]] = frozenset({"free_bytes"})

    name: str
    newest_at: datetime | None
    sets: list[Lacking]
    proofs: list[str]
    differing: list[str]
    free_bytes: int | None
    held: list[HeldPart] = Field(default_factory=list)

    @property
    def here(self) -> list[HeldPart]:
        """The parts that the copy lacks and that would be lost with this building."""
        return [one for one in self.held if not one.offsite]

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.sets)

    @property
    def is_too_small(self) -> bool:
        return self.free_bytes is not None and self.free_bytes < self.bytes


class CopyFacts(Facts):
    """`skipped` are sets of the source that are not whole, and why; `faults` are targets that could not be looked
    at."""

    volatile: ClassVar[frozenset[str]] = frozenset({"now"})

    now: datetime
    rpo: timedelta
    source: str
    newest_at: datetime | None
    skipped: dict[str, str]
    targets: list[TargetFacts]
    faults: dict[str, str]
