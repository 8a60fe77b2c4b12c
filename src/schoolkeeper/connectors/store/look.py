"""Looking into a store of backup sets.

Below the folder of each system lie `sets/<set>/` with what belongs to one set, `packs/` with the chunks that sets
share, and `proofs/<set>/` with what drills found out. A set is one only when it has a manifest, which is written
last.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Self, TypeVar

from pydantic import BaseModel, ValidationError

from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.envelope import Identity, identity_from
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.index_text import index_digest, read_index
from schoolkeeper.connectors.store.manifest import MANIFEST, SET_ID, Index, Manifest, Part, Stored
from schoolkeeper.connectors.store.places.address import place_of
from schoolkeeper.connectors.store.places.place import Listed
from schoolkeeper.connectors.store.reading import ChunkReader, opened, opened_blocks
from schoolkeeper.connectors.store.signatures import SIGNATURE, Signer, fault_of
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Unreachable

ModelT = TypeVar("ModelT", bound=BaseModel)
SETS, PACKS, PROOFS, KEYS = "sets/", "packs/", "proofs/", "keys/"


class KeyCheck(BaseModel):
    """That a private key opened a set: whose, which, when and by whom. Nothing of the key itself."""

    recipient: str
    set: str
    checked_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set as it stands in the store: its manifest, or what is wrong with that. `is_signed` when a key that is
    trusted here has signed the manifest."""

    id: str
    manifest: Manifest | None
    fault: str = ""
    is_signed: bool = False


def name_in(set_id: str, name: str) -> str:
    """The object of a set. Raises ValueError for what is no id of a set."""
    if not SET_ID.fullmatch(set_id):
        raise ValueError(f"{set_id} is no id of a set")
    return f"{SETS}{set_id}/{name}"


class StoreLook:
    """Lists and reads the sets of one system. Object names are relative to the system's folder in the store.

    Signatures of `signer`, who is this installation, and of the keys that the definition names are trusted. Where
    there are neither, nobody could tell, and signatures are not looked at.
    """

    def __init__(self, name: str, component: StoreComponent, system: str, signer: Signer | None = None) -> None:
        self.name = name
        self.signer = signer
        self.recipients = component.recipients
        self.database_by = component.database_by
        self.files_by = component.files_by
        self._component = component
        self._system = system
        self._place = place_of(name, component)

    def __enter__(self) -> Self:
        self._place.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._place.close()

    @property
    def where(self) -> str:
        """The store in words for people."""
        return self._place.where

    def free_bytes(self) -> int | None:
        """How much more fits; None where no limit is known."""
        return self._place.free_bytes()

    # Objects

    def get(self, name: str) -> bytes:
        """An object as it is stored. Raises FileNotFoundError."""
        return self._place.get(self._full(name))

    def objects(self, prefix: str = "") -> Iterator[Listed]:
        """Objects by the beginning of their names, in order."""
        start = len(self._system) + 1
        for one in self._place.list(self._full(prefix)):
            yield Listed(one.name[start:], one.size_bytes, one.modified_at)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """The size of every object whose name begins so."""
        return {one.name: one.size_bytes for one in self.objects(prefix)}

    def locked_until(self, name: str) -> datetime | None:
        """Until when the place itself keeps an object from being deleted."""
        return self._place.locked_until(self._full(name))

    def _full(self, name: str) -> str:
        return f"{self._system}/{name}"

    # Sets

    def sets(self) -> list[StoredSet]:
        """All sets, in order of their ids, which is that of the start of their runs."""
        ending = f"/{MANIFEST}"
        names = [one.name[len(SETS) : -len(ending)] for one in self.objects(SETS) if one.name.endswith(ending)]
        return [self._read(name) for name in names if SET_ID.fullmatch(name)]

    def has(self, set_id: str) -> bool:
        """Whether the set is complete."""
        return self._place.size_bytes(self._full(name_in(set_id, MANIFEST))) is not None

    def manifest(self, set_id: str) -> Manifest | None:
        """The manifest of a set; None when there is no such set or its manifest has a fault."""
        return self._read(set_id).manifest

    def _read(self, set_id: str) -> StoredSet:
        try:
            text = self.get(name_in(set_id, MANIFEST))
            manifest = Manifest.model_validate_json(text)
        except FileNotFoundError:
            return StoredSet(set_id, None, "it has no manifest")
        except ValidationError as error:
            return StoredSet(set_id, None, _not_understood(text, error))
        if (manifest.set, manifest.system) != (set_id, self._system):
            return StoredSet(set_id, None, f"its manifest says it is {manifest.set} of {manifest.system}")
        is_signed, fault = self.signature(name_in(set_id, MANIFEST), text)
        return StoredSet(set_id, None, fault) if fault else StoredSet(set_id, manifest, is_signed=is_signed)

    def manifest_sha256(self, set_id: str) -> str:
        """What a proof is bound to; "" when the set has no manifest (any more)."""
        try:
            return hashlib.sha256(self.get(name_in(set_id, MANIFEST))).hexdigest()
        except FileNotFoundError:
            return ""

    def unlike(self, part: Part, sizes: Mapping[str, int]) -> str:
        """What can be seen to be wrong with an object without reading it, "" for nothing. `sizes` is a listing."""
        size_bytes = sizes.get(part.name)
        if size_bytes is None:
            return f"{part.name} is not there"
        if size_bytes != part.size_bytes:
            return f"{part.name} has {size_bytes:,} bytes, its manifest says {part.size_bytes:,}"
        return ""

    def damage(self, part: Part) -> str:
        """What is wrong with an object, all of which is read; "" for nothing."""
        try:
            sha256 = hashlib.sha256(self.get(part.name)).hexdigest()
        except FileNotFoundError:
            return f"{part.name} is not there"
        return "" if sha256 == part.sha256 else f"{part.name} is not what was written: its SHA-256 differs"

    # Signatures

    @cached_property
    def _trusted(self) -> frozenset[str]:
        own = {self.signer.key_id} if self.signer is not None else set()
        return frozenset({*own, *self._component.signed_by})

    @property
    def knows_keys(self) -> bool:
        """Whether it can be told whose a signature is."""
        return bool(self._trusted)

    def signature(self, name: str, content: bytes) -> tuple[bool, str]:
        """Whether an object is signed by somebody who is trusted here, and what is wrong with its signature."""
        if not self._trusted:
            return False, ""
        try:
            text = self.get(name + SIGNATURE)
        except FileNotFoundError:
            return False, ""
        fault = fault_of(text, self._full(name), content, self._trusted)
        return not fault, fault

    @cached_property
    def signed_from(self) -> datetime | None:
        """When the run of the first set that is signed began: what was taken since must be signed too."""
        ending = f"/{MANIFEST}{SIGNATURE}"
        names = [one.name for one in self.objects(SETS) if one.name.endswith(ending)] if self._trusted else []
        for set_id in (name[len(SETS) : -len(ending)] for name in names):
            if SET_ID.fullmatch(set_id) and self._read(set_id).is_signed:
                return _begun_at(set_id)
        return None

    def is_suspect(self, stored: StoredSet) -> bool:
        """Whether a set is not signed although sets were signed when it was taken, as its manifest says, or as its
        name does: it is by their names that one is found to be the newest."""
        since = self.signed_from
        if stored.manifest is None or stored.is_signed or since is None:
            return False
        return max(stored.manifest.taken_at, _begun_at(stored.id)) >= since

    # Contents

    def identity(self) -> Identity:
        """The private key that drills open sets with. Raises Unreachable when there is none to be had."""
        if self._component.identity is None:
            raise Unreachable(self.name, "the definition names no identity (private key) to open sets with")
        try:
            return identity_from(resolve(self._component.identity, self.name))
        except ValueError as error:
            raise Unreachable(self.name, f"the identity is no private key of age: {error}") from error

    def open(self, part: Part) -> bytes:
        """What an object holds. Raises Damaged, CannotOpen, and Unreachable without a key."""
        return opened(self.get, part, self.identity())

    def model(self, part: Part, wanted_digest: str, model: type[ModelT]) -> ModelT:
        """A list of a set. Raises Damaged also when it is not the one that the manifest speaks of."""
        try:
            contents = model.model_validate_json(self.open(part))
        except ValidationError as error:
            raise Damaged("it cannot be understood") from error
        if digest(contents) != wanted_digest:
            raise Damaged("it is not the manifest's")
        return contents

    def index(self, stored: Stored) -> Index:
        """Which chunks make up the files of a part. Raises as `model` does."""
        if stored.index is None:
            raise Damaged("the part has no index")
        whole = hashlib.sha256()
        try:
            index = read_index(_passing(opened_blocks(self.get, stored.index, self.identity()), whole.update))
        except (ValueError, RecursionError) as error:
            raise Damaged("it cannot be understood") from error
        # Sets of earlier releases have the members in another order.
        if stored.index_digest != whole.hexdigest() and stored.index_digest != index_digest(index):
            raise Damaged("it is not the manifest's")
        return index

    def reader(self, stored: Stored, index: Index) -> ChunkReader:
        """Brings the files of a part back."""
        return ChunkReader(self.get, stored.packs, index, self.identity())

    # Proofs

    def proofs(self, set_id: str) -> dict[str, bytes]:
        """The proof records of a set by the run that wrote them, in order; without those that are not to be
        believed."""
        return {run: text for run, (text, fault) in self.all_proofs(set_id).items() if not fault}

    def all_proofs(self, set_id: str) -> dict[str, tuple[bytes, str]]:
        """All of them, each with why it is not to be believed, "" for nothing.

        Of a signed set only a signed proof is. Where nobody can sign, as in a rescue on another machine, one that
        is not signed is believed too: it may be of the drill that was done there.
        """
        prefix = f"{PROOFS}{set_id}/"
        names = [one.name for one in self.objects(prefix) if one.name.endswith(".json")]
        needs = bool(names) and self.signer is not None and self._read(set_id).is_signed
        found = {}
        for name in names:
            text = self.get(name)
            is_signed, fault = self.signature(name, text)
            if needs and not is_signed and not fault:
                fault = "it is not signed, and its set is"
            found[name[len(prefix) : -len(".json")]] = text, fault
        return found

    # Keys

    def key_checks(self) -> dict[str, KeyCheck]:
        """When each recipient's private key was last seen to open a set; unreadable notes do not count."""
        found = {}
        for one in self.objects(KEYS):
            with contextlib.suppress(ValidationError):
                check = KeyCheck.model_validate_json(self.get(one.name))
                found[check.recipient] = check
        return found


def _begun_at(set_id: str) -> datetime:
    """When the run began that made a set, as its id says; of an id that no run has, the end of time."""
    try:
        return datetime.strptime(set_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _passing(blocks: Iterable[bytes], to: Callable[[bytes], object]) -> Iterator[bytes]:
    for block in blocks:
        to(block)
        yield block


def _not_understood(text: bytes, error: ValidationError) -> str:
    """A set of another format is not damaged; it needs the release that wrote it."""
    try:
        written = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError):
        written = ""
    if str(written).startswith("schoolkeeper-backup-set/") and written != Manifest.model_fields["format"].default:
        return f"it has the format {written}, which this release does not read"
    return f"its manifest cannot be understood ({error.error_count()} faults)"
