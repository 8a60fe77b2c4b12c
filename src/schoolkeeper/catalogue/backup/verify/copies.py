"""The 3-2-1 rule: three copies of the data, on two kinds of media, one of them in another building."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schoolkeeper.catalogue.backup.verify.holdings import Holdings
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Facts

COPIES, MEDIA = 3, 2
LIVE_MEDIUM = "disk"


class CopyFacts(Facts):
    """A store of the system. `newest_at` is when the newest set there was taken that looks whole; `fault` is why
    nobody could look."""

    store: str
    offsite: bool
    medium: str
    newest_at: datetime | None = None
    fault: str = ""


def copies_of(look: Look) -> list[CopyFacts]:
    """All stores of the system, in order of their names."""
    components = sorted(look.system.components.items())
    return [_copy(look, name, one) for name, one in components if isinstance(one, StoreComponent)]


def _copy(look: Look, name: str, component: StoreComponent) -> CopyFacts:
    seen = CopyFacts(store=name, offsite=component.offsite, medium=component.medium)
    try:
        store = look.store(name)
        newest = Holdings.of(store).newest_whole(store)
    except Unreachable as error:
        return seen.model_copy(update={"fault": error.reason})
    return seen.model_copy(update={"newest_at": newest and newest.taken_at})


def lacking(copies: Sequence[CopyFacts], now: datetime, rpo: timedelta) -> list[str]:
    """What the rule misses, in words; a store counts when its newest set is no older than the target (RPO). Stores
    that nobody could look at count: of those it is said elsewhere that nobody knows."""
    counting = [one for one in copies if one.fault or (one.newest_at and now - one.newest_at <= rpo)]
    behind = [one.store for one in copies if one not in counting]
    missing = []
    if len(counting) + 1 < COPIES:
        stale = f" ({', '.join(behind)} has no set younger than the target)" if behind else ""
        missing.append(
            f"there are {len(counting) + 1} copies instead of {COPIES}, the running system counted{stale}"
        )
    media = {LIVE_MEDIUM, *(one.medium for one in counting)}
    if len(media) < MEDIA:
        missing.append(f"all of them lie on one kind of medium ({LIVE_MEDIUM})")
    if not any(one.offsite for one in counting):
        missing.append("none lies in another building")
    return missing
