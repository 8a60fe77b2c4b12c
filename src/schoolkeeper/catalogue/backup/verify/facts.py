"""What `backup.verify` sees."""

from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from schoolkeeper.catalogue.backup.create.facts import CLOCKS_DIFFER
from schoolkeeper.catalogue.backup.verify.copies import CopyFacts
from schoolkeeper.kernel.facts import Facts


class SetState(Facts):
    """A set with a sound manifest; `faults` are its objects that are not what the manifest says or could not be
    read, `held` its parts that another tool keeps, as "component by tool"."""

    id: str
    taken_at: datetime
    objects: int
    size_bytes: int
    faults: list[str]
    held: list[str] = Field(default_factory=list)


class Damage(Facts):
    """An object that is not what a manifest says; `is_there` when there is one of its name."""

    name: str
    fault: str
    sets: list[str]
    is_there: bool = True


class Amount(Facts):
    """Objects, with the first names of them."""

    count: int = 0
    bytes: int = 0
    names: list[str] = Field(default_factory=list)


class VerifyFacts(Facts):
    """`sets` are those with a sound manifest, oldest first, `unsound` the others by id. `unreadable` are objects
    that the place did not hand out. `marked` are packs that carry a mark, `mended` those of them that are sound.

    `gone` are sets that were put here, as the records say, and that no rule of ours took away; empty where
    there are no records to ask. `orphans` are what interrupted making left behind, `strays` proofs of sets that
    are gone, `foreign` what is no object of ours; all of them older than a day. `locked_until` is how long the
    place itself keeps all of the newest set. `unsigned` are sets without a signature from before any was
    signed, `suspect` those from since; `disbelieved` are proofs whose signature does not speak for them, by
    their names. `copies` are all stores of the system; empty when another store than the usual one was asked
    about.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"now", "store_bytes"})

    now: datetime
    rpo: timedelta
    production: bool
    store: str
    sets: list[SetState]
    unsound: dict[str, str]
    damaged: list[Damage]
    unreadable: dict[str, str]
    marked: list[str]
    mended: list[str]
    objects: int
    bytes: int
    left_objects: int
    left_bytes: int
    cycle_days: int
    orphans: Amount
    strays: Amount
    foreign: Amount
    store_bytes: int
    locked_until: datetime | None
    lock_expected_days: int | None
    copies: list[CopyFacts]
    signed: int = 0
    gone: list[str] = Field(default_factory=list)
    unsigned: list[str] = Field(default_factory=list)
    suspect: list[str] = Field(default_factory=list)
    disbelieved: dict[str, str] = Field(default_factory=dict)

    @property
    def newest(self) -> SetState | None:
        return max(self.sets, key=lambda one: (one.taken_at, one.id), default=None)

    @property
    def future(self) -> list[SetState]:
        """Sets that say they were taken at a time to come: a clock was wrong, and nobody knows their age."""
        return [one for one in self.sets if one.taken_at > self.now + CLOCKS_DIFFER]

    @property
    def newest_sound(self) -> SetState | None:
        """The newest set with which nothing was found wrong; one that says it is still to come tells no age. What
        could not be read is told as unknown: it was not found wrong."""
        doubtful = (*self.future, *(one for one in self.sets if one.id in self.suspect))
        harmed = [one for one in self.sets if not self.unreadable.keys() >= set(one.faults)]
        sound = [one for one in self.sets if one not in harmed and one not in doubtful]
        return max(sound, key=lambda one: (one.taken_at, one.id), default=None)

    @property
    def holds(self) -> bool:
        """Whether every set is there, is what its manifest says (as far as was read), and is ours."""
        whole = not self.unsound and not self.damaged and not self.unreadable and not self.gone
        return bool(self.sets) and whole and not self.suspect and not self.disbelieved
