"""What `backup.prune` sees."""

from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from schoolkeeper.kernel.facts import Facts


class PrunableSet(Facts):
    """A set with a sound manifest. `whole`: nothing is known to be wrong with it, nor with its time; `proven`: its
    newest proof holds. `locked_until` is how long the place itself keeps it."""

    id: str
    taken_at: datetime
    size_bytes: int
    whole: bool
    proven: bool
    locked_until: datetime | None = None


class PruneFacts(Facts):
    """`sets` are those with a sound manifest, oldest first, `unsound` the others by id. `unneeded` counts the
    objects that no set needs, no run is making and no lock keeps.

    `left` says what the sets of each day brought that is still needed once the rule was followed, without what was
    stored in full; `freed_bytes` is what following it frees.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"now", "free_bytes", "store_bytes", "left"})

    now: datetime
    rpo: timedelta
    timezone: str
    store: str
    sets: list[PrunableSet]
    unsound: dict[str, str]
    unneeded: int
    unneeded_bytes: int
    freed_bytes: int
    left: dict[date, int]
    store_bytes: int
    free_bytes: int | None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def free_after_bytes(self) -> int | None:
        """What will be free once the rule was followed."""
        return None if self.free_bytes is None else self.free_bytes + self.freed_bytes
