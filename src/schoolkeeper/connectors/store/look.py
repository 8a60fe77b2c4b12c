"""Looking into a store of backup sets."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from pydantic import ValidationError

from schoolkeeper.connectors.files.look import sha256_of
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.envelope import Identity, identity_from
from schoolkeeper.connectors.store.manifest import MANIFEST, SET_ID, Manifest
from schoolkeeper.kernel.errors import Unreachable


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set as it stands in the store: its manifest, or what is wrong with that."""

    id: str
    manifest: Manifest | None
    fault: str = ""


class StoreLook:
    """Lists and reads the sets of one system. A set is one only when it has a manifest, which is written last."""

    def __init__(self, name: str, component: StoreComponent, system: str) -> None:
        self.name = name
        self.folder = component.path / system
        self.recipients = component.recipients
        self._component = component
        self._system = system

    def __enter__(self) -> Self:
        # The folder is never made by us: where a disk is not mounted, we would fill the one below it.
        if not self._component.path.is_dir():
            raise Unreachable(self.name, f"there is no folder {self._component.path}")
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._component.path).free

    def sets(self) -> list[StoredSet]:
        """All sets, in order of their ids, which is that of the start of their runs."""
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unreachable(self.name, f"{self.folder}: {error.strerror}") from error
        return [self._read(name) for name in names if SET_ID.fullmatch(name)]

    def manifest(self, set_id: str) -> Manifest | None:
        """The manifest of a set; None when there is no such set or its manifest has a fault."""
        return self._read(set_id).manifest

    def _read(self, set_id: str) -> StoredSet:
        try:
            manifest = Manifest.model_validate_json(self.path(set_id, MANIFEST).read_bytes())
        except FileNotFoundError:
            return StoredSet(set_id, None, "it has no manifest")
        except OSError as error:
            raise Unreachable(self.name, f"{set_id}/{MANIFEST}: {error.strerror}") from error
        except ValidationError as error:
            return StoredSet(set_id, None, f"its manifest cannot be understood ({error.error_count()} faults)")
        if (manifest.set, manifest.system) != (set_id, self._system):
            return StoredSet(set_id, None, f"its manifest says it is {manifest.set} of {manifest.system}")
        return StoredSet(set_id, manifest)

    def path(self, set_id: str, name: str) -> Path:
        """Where a file of a set is. Raises ValueError for a name that leads elsewhere."""
        if not SET_ID.fullmatch(set_id) or "/" in name or name in ("", ".", ".."):
            raise ValueError(f"{set_id}/{name} is no file of a set")
        return self.folder / set_id / name

    def open(self, set_id: str, name: str) -> IO[bytes]:
        """A part as it is stored. Raises FileNotFoundError."""
        return self.path(set_id, name).open("rb")

    def manifest_sha256(self, set_id: str) -> str:
        """What a proof is bound to; "" when the set has no manifest (any more)."""
        try:
            return sha256_of(self.path(set_id, MANIFEST))
        except FileNotFoundError:
            return ""

    def damaged(self, set_id: str, manifest: Manifest) -> list[str]:
        """The parts that are not there or whose content is not what the manifest says: all are read."""
        faults = []
        for part in manifest.parts:
            try:
                if sha256_of(self.path(set_id, part.name)) != part.sha256:
                    faults.append(part.name)
            except OSError:
                faults.append(part.name)
        return faults

    def altered(self, set_id: str, manifest: Manifest) -> str:
        """What can be seen to be wrong with the parts of a set without reading them, "" for nothing."""
        for part in manifest.parts:
            try:
                size_bytes = self.path(set_id, part.name).stat().st_size
            except OSError as error:
                return f"{part.name}: {error.strerror}"
            if size_bytes != part.size_bytes:
                return f"{part.name} has {size_bytes:,} bytes, its manifest says {part.size_bytes:,}"
        return ""

    def identity(self) -> Identity:
        """The private key that drills open sets with. Raises Unreachable when there is none to be had."""
        if self._component.identity is None:
            raise Unreachable(self.name, "the definition names no identity (private key) to open sets with")
        try:
            return identity_from(resolve(self._component.identity, self.name))
        except ValueError as error:
            raise Unreachable(self.name, f"the identity is no private key of age: {error}") from error

    def proofs(self, set_id: str) -> dict[str, bytes]:
        """The proof records of a set by the run that wrote them, in order; an unreadable one is empty."""
        folder = self.folder / "proofs" / set_id
        return {path.stem: _bytes_of(path) for path in sorted(folder.glob("*.json"))} if folder.is_dir() else {}

    def proof(self, set_id: str, run: str) -> bytes | None:
        """The proof record that one run wrote of a set."""
        try:
            return (self.folder / "proofs" / set_id / f"{run}.json").read_bytes()
        except FileNotFoundError:
            return None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
