"""Changing a store of backup sets.

Every object is whole or absent, and the manifest is the last one of a set to be written and the first to go.
Whatever moment we die at, what counts as a set is whole. Objects of a set that is being made carry its id, so that
a resumed run finds and replaces them.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta

from schoolkeeper.connectors.store.envelope import seal, seal_blocks
from schoolkeeper.connectors.store.index_text import index_text
from schoolkeeper.connectors.store.look import KEYS, PACKS, PROOFS, KeyCheck, StoreLook, name_in
from schoolkeeper.connectors.store.manifest import MANIFEST, SET_ID, SUMS, Index, Manifest, Part
from schoolkeeper.connectors.store.signatures import SIGNATURE, signature_of
from schoolkeeper.connectors.store.writing import ChunkWriter, Known

NOTE = ".note.json"
SUFFIX = ".json.zst.age"


class StoreAct(StoreLook):
    """Adds sets and proofs; takes away only the ones that the caller names."""

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, whole or not at all."""
        self._place.put(self._full(name), data)

    def delete(self, name: str) -> None:
        """Remove an object; does nothing when there is none."""
        self._place.delete(self._full(name))

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Remove what interrupted writing, of any system, left behind before that time; how many it was."""
        return self._place.remove_leftovers(older_than)

    def writer(self, set_id: str, part: str, known: Known) -> ChunkWriter:
        """Stores the files of a part; `known` is what an earlier set has of them."""
        return ChunkWriter(self.put, f"{PACKS}{set_id}.{part}.", self.recipients, known)

    def put_list(self, set_id: str, name: str, text: str) -> Part:
        """Keep a list of a set, sealed."""
        raw = text.encode()
        return self._put_sealed(set_id, name, seal(raw, self.recipients), len(raw))

    def put_index(self, set_id: str, name: str, index: Index) -> tuple[Part, str]:
        """Keep an index of a set, sealed; the object, and the index's digest."""
        whole, size_bytes = hashlib.sha256(), 0

        def passing() -> Iterator[bytes]:
            nonlocal size_bytes
            for block in index_text(index):
                whole.update(block)
                size_bytes += len(block)
                yield block

        sealed = seal_blocks(passing(), self.recipients)
        return self._put_sealed(set_id, name, sealed, size_bytes), whole.hexdigest()

    def _put_sealed(self, set_id: str, name: str, sealed: bytes, raw_size_bytes: int) -> Part:
        full = name_in(set_id, name + SUFFIX)
        self.put(full, sealed)
        sha256 = hashlib.sha256(sealed).hexdigest()
        return Part(name=full, sha256=sha256, size_bytes=len(sealed), raw_size_bytes=raw_size_bytes)

    # Making a set

    def record(self, set_id: str, part: str, text: str) -> None:
        """Note that a part is complete; written after its objects."""
        self.put(name_in(set_id, part + NOTE), text.encode())

    def recorded(self, set_id: str, part: str) -> str | None:
        """The note of a part that is complete."""
        try:
            return self.get(name_in(set_id, part + NOTE)).decode()
        except FileNotFoundError:
            return None

    def discard(self, set_id: str, part: str) -> None:
        """Take a part away from a set that is being made, the note first, and the packs that were made for it."""
        self.delete(name_in(set_id, part + NOTE))
        prefixes = (name_in(set_id, f"{part}."), f"{PACKS}{set_id}.{part}.")
        for name in [one.name for prefix in prefixes for one in self.objects(prefix)]:
            self.delete(name)

    def seal(self, manifest: Manifest, before_manifest: Callable[[], None] = lambda: None) -> None:
        """Make what was stored a set: from the manifest on it counts."""
        sums = "".join(f"{part.sha256}  ../../{part.name}\n" for part in manifest.parts)
        self.put(name_in(manifest.set, SUMS), sums.encode())
        name, text = name_in(manifest.set, MANIFEST), (manifest.model_dump_json(indent=2) + "\n").encode()
        self._sign(name, text)
        before_manifest()
        self.put(name, text)

    def remove_notes(self, set_id: str) -> None:
        """Remove what only the making of a set needs; the manifest says the same."""
        for name in [one.name for one in self.objects(name_in(set_id, "")) if one.name.endswith(NOTE)]:
            self.delete(name)

    def unseal(self, set_id: str) -> None:
        """Make a set of the store one that is being made again, without its manifest."""
        for name in (MANIFEST, SUMS, MANIFEST + SIGNATURE):
            self.delete(name_in(set_id, name))

    # Keys and proofs

    def keep_key_check(self, check: KeyCheck) -> None:
        """Note that a recipient's private key opened a set."""
        name = hashlib.sha256(check.recipient.encode()).hexdigest()[:16]
        self.put(f"{KEYS}{name}.json", check.model_dump_json().encode())

    def keep_proof(self, set_id: str, run: str, text: str) -> None:
        """Write the proof record of a run, in the place of one that is there."""
        self._sign(self._proof(set_id, run), text.encode())
        self.put(self._proof(set_id, run), text.encode())

    def withdraw_proof(self, set_id: str, run: str) -> None:
        """Take the proof record of a run away."""
        for ending in ("", SIGNATURE):
            self.delete(self._proof(set_id, run) + ending)

    def _sign(self, name: str, content: bytes) -> None:
        """Put our signature there, or take away what is left of another try; before what it signs."""
        if self.signer is None:
            self.delete(name + SIGNATURE)
        else:
            self.put(name + SIGNATURE, signature_of(self._full(name), content, self.signer))

    def _proof(self, set_id: str, run: str) -> str:
        if not SET_ID.fullmatch(set_id):
            raise ValueError(f"{set_id} is no id of a set")
        return f"{PROOFS}{set_id}/{run}.json"
