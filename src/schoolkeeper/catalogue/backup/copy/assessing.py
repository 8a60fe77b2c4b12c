"""What the other stores lack of a store."""

from collections.abc import Sequence
from typing import Literal

from schoolkeeper.catalogue.backup.copy.facts import CopyFacts, Lacking, TargetFacts
from schoolkeeper.catalogue.backup.verify.copies import held_of
from schoolkeeper.catalogue.backup.verify.holdings import Holdings, owner
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import PROOFS, StoreLook
from schoolkeeper.connectors.store.manifest import Manifest, Part
from schoolkeeper.kernel.errors import Permanent, Unreachable

Which = Literal["newest", "newer", "all"]


def targets_of(look: Look, source: str, to: str) -> list[str]:
    """The stores to copy to, by name: all but the source, or the one that was asked for."""
    if to == source:
        raise Permanent(f"The store {source} cannot be copied to itself.")
    if to:
        return [to]
    components = look.system.components.items()
    return sorted(name for name, one in components if isinstance(one, StoreComponent) and name != source)


def assessed(look: Look, source: str, to: str, which: Which) -> CopyFacts:
    """What each target lacks. Raises Unreachable when the source, or every target, could not be looked at."""
    store = look.store(source)
    holdings = Holdings.of(store)
    known = {one.set: fault for one in holdings.sound if (fault := holdings.fault_of(one, store))}
    faults = {**holdings.faults, **known}
    whole = [one for one in holdings.sound if one.set not in faults]
    targets, closed = list[TargetFacts](), dict[str, str]()
    for name in targets_of(look, source, to):
        try:
            targets.append(_target(look, name, store, holdings, whole, which))
        except Unreachable as error:
            closed[name] = error.reason
    if closed and not targets:
        raise Unreachable(", ".join(closed), "; ".join(closed.values()))
    newest_at = whole[-1].taken_at if whole else None
    return CopyFacts(
        now=look.run.now,
        rpo=look.system.rpo,
        source=source,
        newest_at=newest_at,
        skipped=faults,
        targets=targets,
        faults=closed,
    )


def _target(
    look: Look, name: str, source: StoreLook, holdings: Holdings, whole: Sequence[Manifest], which: Which
) -> TargetFacts:
    target = look.store(name)
    there = Holdings.of(target)
    have = {one.id for one in there.sets}
    named = _named(there)
    other = {
        one.set for one in whole if any(named.get(part.name, part.sha256) != part.sha256 for part in one.parts)
    }
    other |= {one.set for one in whole if one.set in have and not _is_same(source, target, one.set)}
    same = have & {one.set for one in whole} - other
    newest = there.newest_whole(target)
    wanted = [one for one in _wanted(whole, newest, which) if one.set not in have | other]
    wanted += [one for one in whole if one.set in same and there.fault_of(one, target)]
    proofs = [name for name in holdings.listed if name.startswith(PROOFS) and owner(name) in same]
    coming: set[str] = set()
    lacking = []
    for one in sorted(wanted, key=lambda one: (one.taken_at, one.set)):
        parts = [part for part in to_send(one, there, target) if part.name not in coming]
        coming |= {part.name for part in parts}
        lacking.append(Lacking(set=one.set, bytes=sum(part.size_bytes for part in parts)))
    return TargetFacts(
        name=name,
        newest_at=newest and newest.taken_at,
        sets=lacking,
        proofs=[name for name in proofs if name not in there.listed],
        differing=sorted(other),
        free_bytes=target.free_bytes(),
        held=held_of(newest, look.system) if newest else [],
    )


def _wanted(whole: Sequence[Manifest], newest: Manifest | None, which: Which) -> Sequence[Manifest]:
    """The sets that are to be in a target. Older ones than its newest are not brought again by "newer": its own
    retention may have removed them."""
    match which:
        case "newest":
            return whole[-1:]
        case "newer" if newest is not None:
            return [one for one in whole if one.taken_at > newest.taken_at]
        case _:
            return whole


def _is_same(source: StoreLook, target: StoreLook, set_id: str) -> bool:
    return source.manifest_sha256(set_id) == target.manifest_sha256(set_id)


def to_send(manifest: Manifest, there: Holdings, target: StoreLook) -> list[Part]:
    """The objects of a set that must travel: those that no set of the target vouches for, and broken ones."""
    vouched = _named(there)
    return [
        part
        for part in manifest.parts
        if part.name not in vouched or part.name in there.marked or target.unlike(part, there.sizes)
    ]


def _named(there: Holdings) -> dict[str, str]:
    """The objects that the sets of a store name, each with its SHA-256."""
    return {part.name: part.sha256 for one in there.sound for part in one.parts}
