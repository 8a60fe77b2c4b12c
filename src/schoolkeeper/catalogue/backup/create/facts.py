"""What `backup.create` sees."""

from collections import Counter
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from schoolkeeper.catalogue.backup.create.contents import SetContents
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.facts import Facts

# A clock that was put back by less makes ages too small by that, which harms nobody.
CLOCKS_DIFFER = timedelta(hours=2)


class SetFacts(Facts):
    """A complete set, as its manifest tells it; `manifest_sha256` is what a proof of the set is bound to."""

    id: str
    manifest_sha256: str
    taken_at: datetime
    completed_at: datetime
    size_bytes: int
    new_bytes: int
    tables: int
    rows: int
    files: int
    changed: int
    vanished: int
    outside: int
    full_because: dict[str, str]
    not_transactional: list[str]
    attributes: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest, manifest_sha256: str) -> "SetFacts":
        return cls(
            id=manifest.set,
            manifest_sha256=manifest_sha256,
            taken_at=manifest.taken_at,
            completed_at=manifest.completed_at,
            size_bytes=manifest.size_bytes,
            new_bytes=manifest.new_bytes,
            tables=manifest.database.tables,
            rows=manifest.database.rows,
            files=sum(part.files for part in manifest.files),
            changed=sum(part.changed for part in manifest.files),
            vanished=sum(part.vanished for part in manifest.files),
            outside=sum(part.outside for part in manifest.files),
            full_because={one.component: one.full_because for one in manifest.stored if one.full_because},
            not_transactional=manifest.database.not_transactional,
            attributes=dict(sum((Counter(part.attributes) for part in manifest.files), Counter())),
        )


class CreateFacts(Facts):
    """`set_id` is the set of this run, whether it is there yet or not; `sets` are those that are, oldest first.

    `database` is the component that holds it, `components` are the folders that belong to a set and `absent` those
    that the profile asks for in vain.
    `faults` are sets without a sound manifest, and other sets of which a part is gone or has another size, by id;
    `damaged` are parts of this run's set whose content is not what its manifest says, `contents` is what is in it.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"set_id", "now", "database_bytes", "free_bytes"})

    set_id: str
    now: datetime
    rpo: timedelta
    components: list[str]
    absent: list[str]
    sets: list[SetFacts]
    faults: dict[str, str]
    damaged: list[str]
    contents: SetContents = Field(default_factory=SetContents)
    database: str
    database_bytes: int
    free_bytes: int | None

    @property
    def own(self) -> SetFacts | None:
        """The set of this run, once it is complete."""
        return next((one for one in self.sets if one.id == self.set_id), None)

    @property
    def newest(self) -> SetFacts | None:
        return max(self.sets, key=lambda one: one.taken_at, default=None)

    @property
    def future(self) -> list[SetFacts]:
        """Other sets that say they were taken at a time to come: a clock is wrong, and nobody knows their age."""
        limit = self.now + CLOCKS_DIFFER
        return [one for one in self.sets if one.taken_at > limit and one.id != self.set_id]

    def age(self, one: SetFacts) -> timedelta:
        """How much work would be lost if that set had to be restored now."""
        return max(self.now - one.taken_at, timedelta(0))
