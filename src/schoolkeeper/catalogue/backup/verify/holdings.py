"""A store as one listing and its manifests show it: which objects the sets need, and which nobody needs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from schoolkeeper.catalogue.backup.create.earlier import DAMAGED
from schoolkeeper.connectors.store.look import KEYS, PACKS, PROOFS, SETS, StoredSet, StoreLook
from schoolkeeper.connectors.store.manifest import MANIFEST, SET_ID, SUMS, Manifest
from schoolkeeper.connectors.store.places.place import Listed
from schoolkeeper.connectors.store.signatures import SIGNATURE

# A run that makes a set writes more often than this; what is older belongs to none that goes on.
ABANDONED_AFTER = timedelta(hours=24)
_ID = f"(?P<set>{SET_ID.pattern})"
_OF_A_SET = re.compile(rf"{SETS}{_ID}/[^/]+")
_OF_PROOFS = re.compile(rf"{PROOFS}{_ID}/[^/]+\.json({re.escape(SIGNATURE)})?")
_KEY_CHECK = re.compile(rf"{KEYS}[0-9a-f]{{16}}\.json")
_PACK = re.compile(rf"{PACKS}{_ID}\.[^/]+\.tar\.zst\.age({re.escape(DAMAGED)})?")


def owner(name: str) -> str:
    """The set in whose making an object was written; "" for what is no object of ours."""
    for pattern in (_PACK, _OF_A_SET, _OF_PROOFS):
        if found := pattern.fullmatch(name):
            return found["set"]
    return ""


def unneeded(listed: Mapping[str, Listed], needed: frozenset[str], now: datetime) -> list[Listed]:
    """What no set needs and no run is making. Objects of one set go together: as long as one is young, none is
    abandoned."""
    rest = [one for name, one in listed.items() if name not in needed]
    young = {owner(one.name) or one.name for one in rest if one.modified_at > now - ABANDONED_AFTER}
    return [one for one in rest if (owner(one.name) or one.name) not in young]


@dataclass(frozen=True)
class Holdings:
    """`listed` are all objects by name, `sets` all sets, sound or not."""

    listed: Mapping[str, Listed]
    sets: Sequence[StoredSet]

    @classmethod
    def of(cls, store: StoreLook) -> "Holdings":
        """The listing is made first: what is sealed meanwhile is then in the manifests."""
        listed = {one.name: one for one in store.objects()}
        return cls(listed, store.sets())

    @cached_property
    def sound(self) -> list[Manifest]:
        """The manifests of the sets that have one, in the order in which the sets were taken."""
        manifests = [one.manifest for one in self.sets if one.manifest is not None]
        return sorted(manifests, key=lambda one: (one.taken_at, one.set))

    @property
    def faults(self) -> dict[str, str]:
        """Why the other sets have no sound manifest."""
        return {one.id: one.fault for one in self.sets if one.manifest is None}

    @cached_property
    def sizes(self) -> dict[str, int]:
        return {name: one.size_bytes for name, one in self.listed.items()}

    @property
    def size_bytes(self) -> int:
        """What the system takes in the store."""
        return sum(self.sizes.values())

    @cached_property
    def marked(self) -> set[str]:
        """The packs that are marked as damaged."""
        return {name.removesuffix(DAMAGED) for name in self.listed if name.endswith(DAMAGED)}

    def fault_of(self, manifest: Manifest, store: StoreLook) -> str:
        """What is known to be wrong with a set without reading it; "" for nothing."""
        for part in manifest.parts:
            if part.name in self.marked:
                return f"{part.name} is marked as damaged"
            if fault := store.unlike(part, self.sizes):
                return fault
        return ""

    def newest_whole(self, store: StoreLook) -> Manifest | None:
        """The newest set with which nothing is known to be wrong."""
        return next((one for one in reversed(self.sound) if not self.fault_of(one, store)), None)

    def unneeded(self, now: datetime, without: frozenset[str] = frozenset()) -> list[Listed]:
        """What nobody needs any more, once the sets `without` are gone."""
        return unneeded(self.listed, self.needed(without), now)

    def needed(self, without: frozenset[str] = frozenset()) -> frozenset[str]:
        """The objects that the sets need. Where a manifest cannot be read, each pack may be one of its own."""
        names: set[str] = set()
        for manifest in self.sound:
            if manifest.set not in without:
                names.update(part.name for part in manifest.parts)
                names.update(f"{SETS}{manifest.set}/{name}" for name in (MANIFEST, SUMS, MANIFEST + SIGNATURE))
        names.update(name + DAMAGED for name in list(names) if name.startswith(PACKS))
        if self.faults:
            names.update(name for name in self.listed if name.startswith(PACKS))
        names.update(filter(_KEY_CHECK.fullmatch, self.listed))
        whole = {one.id for one in self.sets if one.id not in without}
        names.update(name for name in self.listed if name.startswith(PROOFS) and owner(name) in whole)
        names.update(name for name in self.listed if name.startswith(SETS) and owner(name) in self.faults)
        return frozenset(names)
