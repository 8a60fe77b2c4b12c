"""Looking at a store and everything in it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schoolkeeper.catalogue.backup.verify.copies import copies_of
from schoolkeeper.catalogue.backup.verify.facts import Amount, Damage, SetState, VerifyFacts
from schoolkeeper.catalogue.backup.verify.holdings import Holdings, owner
from schoolkeeper.catalogue.backup.verify.reading import Reading, cycle_days, read
from schoolkeeper.connectors.gentle import gently
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import PROOFS, StoreLook, name_in
from schoolkeeper.connectors.store.manifest import MANIFEST, SUMS, Manifest
from schoolkeeper.connectors.store.places.place import Listed

STORE = "backups"
NAMES_KEPT = 10


def assessed(look: Look, name: str, share_percent: int, pace: Callable[[int], None]) -> VerifyFacts:
    """Read a store, or the share of the day of it. Raises Unreachable."""
    store = look.store(name)
    recorded = look.run.recorded_sets() if name == STORE and look.run.recorded_sets else frozenset()
    holdings = Holdings.of(store)
    day = look.run.now.astimezone(ZoneInfo(look.system.timezone)).date()
    reading = gently(lambda: read(store, holdings, day, share_percent, pace))
    component = look.system.components[name]
    marked = sorted(name for name in holdings.marked if name in holdings.listed)
    bad = reading.damaged.keys() | reading.unreadable.keys()
    needed = holdings.needed()
    return VerifyFacts(
        now=look.run.now,
        rpo=look.system.rpo,
        production=look.system.environment == "production",
        store=name,
        sets=[_state(one, bad) for one in holdings.sound],
        unsound=holdings.faults,
        gone=sorted(recorded.difference(one.id for one in holdings.sets)),
        damaged=_damaged(holdings, reading),
        unreadable=reading.unreadable,
        marked=marked,
        mended=[name for name in marked if name in needed and name not in bad],
        objects=reading.objects,
        bytes=reading.bytes,
        left_objects=reading.left_objects,
        left_bytes=reading.left_bytes,
        cycle_days=cycle_days(share_percent),
        **_nobodys(holdings, look.run.now),
        store_bytes=holdings.size_bytes,
        locked_until=_locked_until(store, holdings.sound[-1]) if holdings.sound else None,
        lock_expected_days=component.lock_expected_days if isinstance(component, StoreComponent) else None,
        copies=copies_of(look) if name == STORE else [],
        **_signatures(store, holdings),
    )


def _signatures(store: StoreLook, holdings: Holdings) -> dict[str, Any]:
    """Where no key is known here, nobody could tell, and nothing is said."""
    if not store.knows_keys:
        return {}
    sets = [one for one in holdings.sets if one.manifest is not None]
    suspect = [one.id for one in sets if store.is_suspect(one)]
    return {
        "signed": sum(one.is_signed for one in sets),
        "unsigned": [one.id for one in sets if not one.is_signed and one.id not in suspect],
        "suspect": suspect,
        "disbelieved": {
            f"{one.id}/{run}": fault
            for one in sets
            for run, (_, fault) in store.all_proofs(one.id).items()
            if fault
        },
    }


def _state(manifest: Manifest, bad: Iterable[str]) -> SetState:
    names = {part.name for part in manifest.parts} | {name_in(manifest.set, SUMS)}
    return SetState(
        id=manifest.set,
        taken_at=manifest.taken_at,
        objects=len(manifest.parts),
        size_bytes=manifest.size_bytes,
        faults=sorted(names & set(bad))[:NAMES_KEPT],
        held=[f"{one.component} by {one.held.engine}" for one in manifest.stored if one.held],
    )


def _damaged(holdings: Holdings, reading: Reading) -> list[Damage]:
    needing: dict[str, list[str]] = {}
    for manifest in holdings.sound:
        for name in (*(part.name for part in manifest.parts), name_in(manifest.set, SUMS)):
            needing.setdefault(name, []).append(manifest.set)
    return [
        Damage(name=name, fault=fault, sets=needing[name], is_there=name in holdings.listed)
        for name, fault in sorted(reading.damaged.items())
    ]


def _nobodys(holdings: Holdings, now: datetime) -> dict[str, Amount]:
    kinds: dict[str, list[Listed]] = {"orphans": [], "strays": [], "foreign": []}
    for one in holdings.unneeded(now):
        ours = "strays" if one.name.startswith(PROOFS) else "orphans"
        kinds[ours if owner(one.name) else "foreign"].append(one)
    return {
        kind: Amount(
            count=len(found),
            bytes=sum(one.size_bytes for one in found),
            names=[one.name for one in found[:NAMES_KEPT]],
        )
        for kind, found in kinds.items()
    }


def _locked_until(store: StoreLook, newest: Manifest) -> datetime | None:
    """Until when the place keeps all of a set; None when it does not keep every object of it."""
    earliest: datetime | None = None
    for name in (name_in(newest.set, MANIFEST), *(part.name for part in newest.parts)):
        if (until := store.locked_until(name)) is None:
            return None
        earliest = min(until, earliest or until)
    return earliest
