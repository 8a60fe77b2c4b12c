"""The 3-2-1 rule: three copies of the data, on two kinds of media, one of them in another building.

A part of a set that another tool keeps is where that tool keeps it, and in no store: it does not travel with the
set. So the rule is asked of every part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from schoolkeeper.catalogue.backup.verify.holdings import Holdings
from schoolkeeper.connectors.engines.tool import ToolComponent
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Facts

COPIES, MEDIA = 3, 2
LIVE_MEDIUM = "disk"


class HeldPart(Facts):
    """A part of a set that the backup tool `by` keeps, and where that lies as the definition says."""

    part: str
    by: str
    offsite: bool = False
    medium: str = LIVE_MEDIUM


class CopyFacts(Facts):
    """A store of the system. `newest_at` is when the newest set there was taken that looks whole; `parts` are what
    the store itself holds of it, `held` what other tools do; `fault` is why nobody could look."""

    store: str
    offsite: bool
    medium: str
    newest_at: datetime | None = None
    fault: str = ""
    parts: list[str] = Field(default_factory=list)
    held: list[HeldPart] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a copy of a part lies; `is_tool` when a backup tool keeps it and no store."""

    medium: str
    offsite: bool
    is_tool: bool = False


# What keeps a part, by the name of the component.
Spots = Mapping[str, Spot]


def copies_of(look: Look) -> list[CopyFacts]:
    """All stores of the system, in order of their names."""
    components = sorted(look.system.components.items())
    return [_copy(look, name, one) for name, one in components if isinstance(one, StoreComponent)]


def held_of(manifest: Manifest, system: System) -> list[HeldPart]:
    """The parts of a set that other tools keep. Of a tool that the definition names no more nobody knows where it
    is: it is taken to be beside the ERP."""
    held = []
    for one in manifest.stored:
        if one.held is not None:
            tool = system.components.get(one.held.component)
            where = {"offsite": tool.offsite, "medium": tool.medium} if isinstance(tool, ToolComponent) else {}
            held.append(HeldPart.model_validate({"part": one.component, "by": one.held.component, **where}))
    return held


def _copy(look: Look, name: str, component: StoreComponent) -> CopyFacts:
    seen = CopyFacts(store=name, offsite=component.offsite, medium=component.medium)
    try:
        store = look.store(name)
        newest = Holdings.of(store).newest_whole(store)
    except Unreachable as error:
        return seen.model_copy(update={"fault": error.reason})
    if newest is None:
        return seen
    parts = [one.component for one in newest.stored if one.held is None]
    held = held_of(newest, look.system)
    return seen.model_copy(update={"newest_at": newest.taken_at, "parts": parts, "held": held})


def lacking(copies: Sequence[CopyFacts], now: datetime, rpo: timedelta) -> list[str]:
    """What the rule misses, in words; a store counts when its newest set is no older than the target (RPO). Stores
    that nobody could look at count: of those it is said elsewhere that nobody knows."""
    counting = [one for one in copies if one.fault or (one.newest_at and now - one.newest_at <= rpo)]
    behind = [one.store for one in copies if one not in counting]
    kept = _kept(counting)
    missing = []
    for lacks, says in (
        (lambda spots: len(spots) + 1 < COPIES, lambda part, spots: _few(part, spots, behind)),
        (lambda spots: len(_media(spots)) < MEDIA, _one_medium),
        (lambda spots: not any(one.offsite for one in spots.values()), _here),
    ):
        missing += _said(kept, lacks, says)
    return [*missing, *_kept_once(kept)]


def _kept(counting: Sequence[CopyFacts]) -> dict[str, dict[str, Spot]]:
    """What keeps each part; "" stands for all of a set where nobody knows its parts."""
    parts = {part for one in counting for part in (*one.parts, *(held.part for held in one.held))} or {""}
    kept: dict[str, dict[str, Spot]] = {part: {} for part in sorted(parts)}
    for one in counting:
        unknown = not one.parts and not one.held
        for part in parts if unknown else one.parts:
            kept[part][one.store] = Spot(one.medium, one.offsite)
        for held in one.held:
            kept[held.part][held.by] = Spot(held.medium, held.offsite, is_tool=True)
    return kept


def _said(
    kept: Mapping[str, Spots], lacks: Callable[[Spots], bool], says: Callable[[str, Spots], str]
) -> list[str]:
    """One sentence where all parts lack the same, else one for each part that does."""
    short = {part: spots for part, spots in kept.items() if lacks(spots)}
    if len(short) == len(kept):
        return [says("", next(iter(short.values())))]
    return [says(part, spots) for part, spots in short.items()]


def _few(part: str, spots: Spots, behind: Sequence[str]) -> str:
    stale = f" ({', '.join(behind)} has no set younger than the target)" if behind else ""
    number = f"there are {len(spots) + 1} copies instead of {COPIES}, the running system counted{stale}"
    return f"of {part} {number}" if part else number


def _kept_once(kept: Mapping[str, Spots]) -> list[str]:
    """The parts of which there is one copy besides the running system, however many stores have sets."""
    return [
        f"only {next(iter(spots))} keeps {part}, and no copy of the set contains it"
        for part, spots in kept.items()
        if len(spots) == 1 and all(one.is_tool for one in spots.values())
    ]


def _one_medium(part: str, spots: Spots) -> str:
    if part:
        return f"all copies of {part} lie on one kind of medium ({LIVE_MEDIUM})"
    return f"all of them lie on one kind of medium ({LIVE_MEDIUM})"


def _here(part: str, spots: Spots) -> str:
    return f"no copy of {part} lies in another building" if part else "none lies in another building"


def _media(spots: Spots) -> set[str]:
    return {LIVE_MEDIUM, *(one.medium for one in spots.values())}
