"""Looking at a store with the eyes of the rule."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schoolkeeper.catalogue.backup.create.facts import CLOCKS_DIFFER
from schoolkeeper.catalogue.backup.drill.proofs import read_proofs
from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions, kept
from schoolkeeper.catalogue.backup.prune.facts import PrunableSet, PruneFacts
from schoolkeeper.catalogue.backup.verify.holdings import Holdings, owner
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.look import StoreLook, name_in
from schoolkeeper.connectors.store.manifest import MANIFEST, Manifest
from schoolkeeper.connectors.store.places.place import Listed


def assessed(look: Look, options: PruneOptions) -> PruneFacts:
    """What lies in the store, and what following the rule would free. Raises Unreachable."""
    store, now = look.store(options.store), look.run.now
    holdings = Holdings.of(store)
    zone, rpo = ZoneInfo(look.system.timezone), look.system.rpo
    sets = _sets(store, holdings, options, now, rpo, zone)
    staying = kept(sets, options.rule, zone, now, rpo)
    going = frozenset(one.id for one in sets if one.id not in staying)
    unneeded = removable(store, holdings, now)
    freed = [one.size_bytes for one in holdings.unneeded(now, going) if owner(one.name)]
    return PruneFacts(
        now=now,
        rpo=rpo,
        timezone=look.system.timezone,
        store=options.store,
        sets=sets,
        unsound=holdings.faults,
        unneeded=len(unneeded),
        unneeded_bytes=sum(one.size_bytes for one in unneeded),
        freed_bytes=sum(freed),
        left=_left(holdings, going, zone),
        store_bytes=holdings.size_bytes,
        free_bytes=store.free_bytes(),
    )


def removable(store: StoreLook, holdings: Holdings, now: datetime) -> list[Listed]:
    """What may be swept away: objects of ours that no set needs, no run is making and no lock keeps."""
    ours = [one for one in holdings.unneeded(now) if owner(one.name)]
    return [one for one in ours if not _is_locked(store.locked_until(one.name), now)]


def _sets(
    store: StoreLook, holdings: Holdings, options: PruneOptions, now: datetime, rpo: timedelta, zone: ZoneInfo
) -> list[PrunableSet]:
    proven, limit = _proven(store, holdings), now + CLOCKS_DIFFER
    suspect = {one.id for one in holdings.sets if store.is_suspect(one)}
    sets = [
        PrunableSet(
            id=one.set,
            taken_at=one.taken_at,
            size_bytes=one.size_bytes,
            # What somebody else may have written, or a clock that was ahead dated, must not stand for a day in the
            # place of what we did: nobody knows how old that is.
            whole=one.set not in suspect and one.taken_at <= limit and not holdings.fault_of(one, store),
            proven=one.set in proven,
        )
        for one in holdings.sound
    ]
    staying = kept(sets, options.rule, zone, now, rpo)
    # The place is asked only of sets that would go: over a network that takes a round trip each.
    return [one if one.id in staying else _with_lock(store, one) for one in sets]


def _with_lock(store: StoreLook, one: PrunableSet) -> PrunableSet:
    return one.model_copy(update={"locked_until": store.locked_until(name_in(one.id, MANIFEST))})


def _proven(store: StoreLook, holdings: Holdings) -> set[str]:
    """The sets whose newest proof holds."""
    counting = read_proofs(store, [one for one in holdings.sets if one.manifest is not None]).counting
    newest = {
        set_id: max(proofs.values(), key=lambda one: one.concluded_at)
        for set_id, proofs in counting.items()
        if proofs
    }
    return {set_id for set_id, proof in newest.items() if proof.holds}


def _left(holdings: Holdings, going: Collection[str], zone: ZoneInfo) -> dict[date, int]:
    """What each day brought that the sets which stay still need; days with a set but nothing left count as well.

    What was stored in full (a first set, other keys) is no growth.
    """
    left: Counter[date] = Counter({_day(one.set, zone): 0 for one in holdings.sound})
    parts = {part.name: part for one in holdings.sound if one.set not in going for part in one.parts}
    full = {name for one in holdings.sound for name in _in_full(one)}
    for name, part in parts.items():
        if name not in full and (made_by := owner(name)):
            left[_day(made_by, zone)] += part.size_bytes
    return dict(sorted(left.items()))


def _in_full(manifest: Manifest) -> list[str]:
    return [part.name for one in manifest.stored if one.full_because for part in one.objects]


def _day(set_id: str, zone: ZoneInfo) -> date:
    """The day on which a set was begun, which its id says."""
    begun_at = datetime.strptime(set_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return begun_at.astimezone(zone).date()


def _is_locked(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
