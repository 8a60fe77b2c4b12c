"""Taking sets and unneeded objects away, so that whatever moment we die at, each set that counts is whole."""

from schoolkeeper.catalogue.backup.prune.assessing import removable
from schoolkeeper.catalogue.backup.verify.holdings import ABANDONED_AFTER, Holdings
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.look import PACKS, PROOFS, name_in
from schoolkeeper.connectors.store.manifest import MANIFEST
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.failpoints import failpoint


def remove_set(store: StoreAct, set_id: str) -> dict[str, object]:
    """Take one set away, its manifest first: from then on it does not count.

    Raises Permanent when there is no newer set (any more), or a set of which nobody knows what it needs.
    """
    sets = store.sets()
    _require_sound([one.id for one in sets if one.manifest is None])
    newest = max((one.manifest for one in sets if one.manifest), key=lambda one: one.taken_at, default=None)
    if newest is not None and newest.set == set_id:
        raise Permanent(f"The set {set_id} is the newest by now, so it stays.")
    failpoint("backup.prune.set.before_manifest")
    store.delete(name_in(set_id, MANIFEST))
    failpoint("backup.prune.set.without_manifest")
    for prefix in (name_in(set_id, ""), f"{PROOFS}{set_id}/"):
        for one in list(store.objects(prefix)):
            store.delete(one.name)
            failpoint("backup.prune.set.half")
    return {"removed": set_id}


def sweep(act: Act, store: StoreAct) -> dict[str, object]:
    """Take away what no set needs, as the manifests say now: a set that was completed meanwhile keeps its packs.

    Lists and notes go before packs, so that nothing which is being made believes a part complete that is not.
    """
    holdings = Holdings.of(store)
    _require_sound(list(holdings.faults))
    going = removable(store, holdings, act.run.now)
    failpoint("backup.prune.sweep.before_first")
    for one in sorted(going, key=lambda one: (one.name.startswith(PACKS), one.name)):
        store.delete(one.name)
        failpoint("backup.prune.sweep.half")
    store.remove_leftovers(ABANDONED_AFTER)
    return {"objects": len(going), "bytes": sum(one.size_bytes for one in going)}


def _require_sound(unsound: list[str]) -> None:
    if unsound:
        raise Permanent(f"The manifest of {unsound[0]} cannot be read, so nobody knows which packs it needs.")
