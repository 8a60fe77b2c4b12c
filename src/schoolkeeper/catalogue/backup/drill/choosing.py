"""Which set a drill proves, and what stands in the way."""

from collections.abc import Sequence

from schoolkeeper.catalogue.backup.drill.proofs import Proofs
from schoolkeeper.connectors import scratch_servers
from schoolkeeper.connectors.store.look import StoredSet, StoreLook
from schoolkeeper.kernel.errors import Unreachable


def choose(proofs: Proofs, sets: Sequence[StoredSet], run: str, wanted: str) -> StoredSet | None:
    """The wanted set; else the one that this run has proven, the newest that was never tried, the newest."""
    newest_first = sorted(sets, key=lambda one: one.id, reverse=True)
    if wanted:
        return next((one for one in newest_first if one.id == wanted), None)
    own = (one for one in newest_first if proofs.of(one.id, run) is not None)
    untried = (one for one in newest_first if not proofs.counting.get(one.id))
    return next(own, None) or next(untried, None) or next(iter(newest_first), None)


def obstacle(store: StoreLook, chosen: StoredSet | None) -> str:
    """Why nothing can be proven here, "" when it can."""
    try:
        store.identity()
    except Unreachable as error:
        return error.reason
    if chosen is not None and chosen.manifest is not None:
        return scratch_servers.obstacle(chosen.manifest.database.source)
    return ""
