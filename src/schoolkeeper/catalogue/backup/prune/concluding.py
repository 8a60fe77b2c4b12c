"""What a removal says to later readers: which sets went and why, which stayed and why, what it freed. Pure."""

from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions, keeping, leaving
from schoolkeeper.catalogue.backup.prune.facts import PruneFacts
from schoolkeeper.kernel.evidence import Evidence

WHY = "no reason of the rule keeps it"


def removal(before: PruneFacts, after: PruneFacts, options: PruneOptions) -> Evidence:
    """It holds when all that the rule no longer keeps is gone, and all that it keeps is there.

    `freed_bytes` is by how much what lies in the store became less; a set taken meanwhile counts against it.
    """
    there = {one.id for one in after.sets}
    going, staying = leaving(before, options), keeping(before, options)
    gone = [one for one in going if one.id not in there]
    missing = sorted(one for one in staying if one not in there)
    freed_bytes = before.store_bytes - after.store_bytes
    names = f": {', '.join(one.id for one in gone)}" if gone else ""
    says = (
        f"{len(gone)} sets that the rule of retention no longer keeps were removed from {before.store}{names}; "
        f"{len(there)} sets stay, and {freed_bytes / 1e6:,.1f} MB were freed."
    )
    if missing:
        says += f" NOT there any more, though the rule keeps them: {', '.join(missing)}."
    data = {
        "removed": [
            {
                "id": one.id,
                "taken_at": one.taken_at.isoformat(),
                "size_bytes": one.size_bytes,
                "whole": one.whole,
                "proven": one.proven,
                "why": WHY,
            }
            for one in gone
        ],
        "kept": staying,
        "missing": missing,
        "not_removed": [one.id for one in going if one.id in there],
        "rule": options.model_dump(mode="json"),
        "unneeded_objects": before.unneeded,
        "freed_bytes": freed_bytes,
        "store_bytes": after.store_bytes,
    }
    return Evidence("removal", before.store, len(gone) == len(going) and not missing, says, data)
