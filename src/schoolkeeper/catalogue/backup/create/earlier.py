"""What of an earlier set can be used for the next one, so that each content is stored once."""

from collections.abc import Sequence
from dataclasses import dataclass

from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.look import PACKS, StoreLook
from schoolkeeper.connectors.store.manifest import Index, Manifest, Stored
from schoolkeeper.connectors.store.writing import NOTHING_KNOWN, Known
from schoolkeeper.kernel.errors import Unreachable

DAMAGED = ".damaged"
"""Ending of the marks that `backup.verify` sets beside packs that nothing may be built on."""
# A pack of which a set needs less than this share is not used again, so that it can go with the older sets.
LEAST_USE = 0.5


@dataclass(frozen=True, slots=True)
class Earlier:
    """The part of the set before; or why there is none that could be used."""

    known: Known = NOTHING_KNOWN
    files: FileTable | None = None
    since: str = ""
    why: str = ""


def earlier(store: StoreLook, component: str) -> Earlier:
    """What the newest set has of a component. Nothing is built on a set that may be somebody else's: its files
    would be ours by the next signature, unread."""
    sound = [one.manifest for one in store.sets() if one.manifest is not None and not store.is_suspect(one)]
    newest = max(sound, key=lambda one: one.set, default=None)
    part = _part_of(newest, component) if newest else None
    if newest is None or part is None or part.index is None:
        return Earlier(why="there is no earlier set of it")
    if sorted(newest.recipients) != sorted(store.recipients):
        return Earlier(why="the keys that open the sets have changed")
    try:
        index = store.index(part)
    except Unreachable as error:
        return Earlier(why=f"the earlier set cannot be opened here: {error.reason}")
    except SealError as error:
        return Earlier(why=f"the list of the earlier set {newest.set} cannot be read: {error}")
    return Earlier(_known(store, part, index), index.files, newest.set)


def _part_of(manifest: Manifest, component: str) -> Stored | None:
    parts: Sequence[Stored] = list(manifest.stored)
    return next((part for part in parts if part.component == component), None)


def _known(store: StoreLook, part: Stored, index: Index) -> Known:
    """The packs that are there, unmarked, and still much in use."""
    sizes, used = store.sizes(PACKS), index.packs.used_bytes()
    packs = {
        pack.name: pack
        for pack in part.packs
        if not store.unlike(pack, sizes)
        and pack.name + DAMAGED not in sizes
        and used.get(pack.name, 0) >= LEAST_USE * pack.raw_size_bytes
    }
    return Known(packs, index.packs)
