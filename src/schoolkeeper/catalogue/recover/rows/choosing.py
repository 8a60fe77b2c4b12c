"""Which set rows come from; a run that has chosen stays with it."""

from pathlib import Path

from schoolkeeper.catalogue.backup.drill.proofs import read_proofs
from schoolkeeper.connectors.store.look import StoredSet, StoreLook


def choose(store: StoreLook, wanted: str, noted: Path) -> StoredSet | None:
    """The wanted set; else the one noted by this run, the newest that was proven to restore, the newest. One that
    may be somebody else's is taken only where it is asked for.

    The choice is noted, because a set that is taken while an approval is waited for may lack the rows.
    """
    sets = store.sets()
    earlier = wanted or (noted.read_text() if noted.is_file() else "")
    if earlier:
        return next((one for one in sets if one.id == earlier), None)
    ours = [one for one in sets if one.manifest is not None and not store.is_suspect(one)]
    newest_first = sorted(ours, key=lambda one: one.id, reverse=True)
    counting = read_proofs(store, newest_first).counting
    proven = (one for one in newest_first if any(proof.holds for proof in counting[one.id].values()))
    chosen = next(proven, None) or next(iter(newest_first), None)
    if chosen is not None:
        noted.write_text(chosen.id)
    return chosen
