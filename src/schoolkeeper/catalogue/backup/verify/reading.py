"""Reading the objects of all sets, all at once or a share of them each day."""

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from schoolkeeper.catalogue.backup.verify.holdings import Holdings
from schoolkeeper.connectors.store.look import StoreLook, name_in
from schoolkeeper.connectors.store.manifest import SUMS, Manifest, Part
from schoolkeeper.kernel.errors import Unreachable


@dataclass
class Reading:
    """`damaged` are objects that are not what a manifest says, and why; `unreadable` are those that the place did
    not hand out, so that nobody knows. Counts and bytes are of objects, each once."""

    damaged: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    objects: int = 0
    bytes: int = 0
    left_objects: int = 0
    left_bytes: int = 0


def cycle_days(share_percent: int) -> int:
    """After how many days all objects have been read, when no day reads more than this share."""
    return math.ceil(100 / share_percent)


def is_due(name: str, day: date, share_percent: int) -> bool:
    """Whether an object is among those of that day. Every object is on one day of each cycle, always the same."""
    days = cycle_days(share_percent)
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    return place % days == day.toordinal() % days


def wanted(holdings: Holdings) -> dict[str, dict[str, Part]]:
    """What each object must be, by its SHA-256: one answer, unless manifests contradict each other."""
    objects: dict[str, dict[str, Part]] = {}
    for manifest in holdings.sound:
        for part in manifest.parts:
            objects.setdefault(part.name, {})[f"{part.sha256} {part.size_bytes}"] = part
    return dict(sorted(objects.items()))


def read(
    store: StoreLook,
    holdings: Holdings,
    day: date,
    share_percent: int,
    passing: Callable[[int], None] = lambda size_bytes: None,
) -> Reading:
    """Look for every object, and read those of the day and those that are marked as damaged."""
    done = Reading()
    for name, variants in wanted(holdings).items():
        unlike = [fault for part in variants.values() if (fault := store.unlike(part, holdings.sizes))]
        if unlike:
            done.damaged[name] = unlike[0]
        elif name in holdings.marked or is_due(name, day, share_percent):
            _read_one(store, name, list(variants.values()), done)
            passing(holdings.sizes[name])
        else:
            done.left_objects += 1
            done.left_bytes += holdings.sizes[name]
    for manifest in holdings.sound:
        done.damaged.update(_sums(store, manifest))
    return done


def _read_one(store: StoreLook, name: str, variants: list[Part], done: Reading) -> None:
    try:
        faults = [fault for part in variants if (fault := store.damage(part))]
    except Unreachable as error:
        store.sizes(name)  # raises when it is the whole place that does not answer
        done.unreadable[name] = error.reason
        return
    done.objects += 1
    done.bytes += variants[0].size_bytes
    if faults:
        done.damaged[name] = faults[0]


def _sums(store: StoreLook, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The list of sums, by which people check a set without Schoolkeeper, must say the same as the manifest."""
    name = name_in(manifest.set, SUMS)
    try:
        lines = set(store.get(name).decode(errors="replace").splitlines())
    except FileNotFoundError:
        yield name, f"{name} is not there"
        return
    if lines != {f"{part.sha256}  ../../{part.name}" for part in manifest.parts}:
        yield name, f"{name} does not say what the manifest says"
