"""Bringing a set to another store: packs first, the manifest last, each object read back before it counts."""

import hashlib
from collections.abc import Callable

from schoolkeeper.catalogue.backup.copy.assessing import to_send
from schoolkeeper.catalogue.backup.create.earlier import DAMAGED
from schoolkeeper.catalogue.backup.verify.holdings import Holdings
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.look import PACKS, PROOFS, StoreLook, name_in
from schoolkeeper.connectors.store.manifest import MANIFEST, SUMS, Part
from schoolkeeper.connectors.store.signatures import SIGNATURE
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.failpoints import failpoint

Passing = Callable[[int], None]


def send_set(source: StoreLook, target: StoreAct, set_id: str, passing: Passing) -> dict[str, object]:
    """Copy one set. What an interrupted copy has brought already is read instead of sent again."""
    manifest = source.manifest(set_id)
    if manifest is None:
        raise Permanent(f"The set {set_id} is no longer in {source.name}, or its manifest cannot be read.")
    there = Holdings.of(target)
    parts = to_send(manifest, there, target)
    sent_bytes = 0
    for part in sorted(parts, key=lambda one: (not one.name.startswith(PACKS), one.name)):
        if target.unlike(part, there.sizes) or target.damage(part):
            _send(source, target, part, passing)
            sent_bytes += part.size_bytes
            failpoint("backup.copy.set.half")
        if part.name in there.marked:
            target.delete(part.name + DAMAGED)
    failpoint("backup.copy.set.before_proofs")
    proofs = [one.name for one in source.objects(f"{PROOFS}{set_id}/")]
    signature = [one.name for one in source.objects(name_in(set_id, MANIFEST + SIGNATURE))]
    for name in (*proofs, name_in(set_id, SUMS), *signature):
        _send_small(source, target, name)
    _require_all(target, manifest.parts)
    failpoint("backup.copy.set.before_manifest")
    _send_small(source, target, name_in(set_id, MANIFEST))
    failpoint("backup.copy.set.after_manifest")
    return {"set": set_id, "objects": len(parts), "bytes": sent_bytes}


def send_proofs(source: StoreLook, target: StoreAct, names: list[str]) -> dict[str, object]:
    """Copy the records of proofs that were made since their sets were copied."""
    for name in names:
        _send_small(source, target, name)
        failpoint("backup.copy.proofs.half")
    return {"proofs": len(names)}


def _send(source: StoreLook, target: StoreAct, part: Part, passing: Passing) -> None:
    content = _content(source, part.name)
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise Permanent(f"{source.name}: {part.name} is damaged, so it is not copied: run backup.verify.")
    target.put(part.name, content)
    passing(part.size_bytes)
    if fault := target.damage(part):
        raise Temporary(f"{target.name}: written, then read back: {fault}.")


def _send_small(source: StoreLook, target: StoreAct, name: str) -> None:
    content = _content(source, name)
    target.put(name, content)
    if target.get(name) != content:
        raise Temporary(f"{target.name}: {name} was written, and something else was read back.")


def _content(source: StoreLook, name: str) -> bytes:
    try:
        return source.get(name)
    except FileNotFoundError:
        raise Permanent(f"{source.name}: {name} is not there (any more), so the set is not copied.") from None


def _require_all(target: StoreLook, parts: list[Part]) -> None:
    """Whoever tidied the target meanwhile may have taken what no manifest there named yet."""
    sizes = target.sizes()
    if fault := next(filter(None, (target.unlike(part, sizes) for part in parts)), ""):
        raise Temporary(f"{target.name}: {fault} (any more).")
