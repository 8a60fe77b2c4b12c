"""Stores with small sets in them, as `backup.create` leaves them, and systems that have several stores.

The objects are a few bytes each and open with no key: what is tested here never opens them.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]

from schoolkeeper.catalogue.backup.drill.facts import Proof
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.store.manifest import DatabasePart, Held, Manifest, Part, Version
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.facts import Options
from schoolkeeper.profiles.model import Profile
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.conformance import NOON, Subject
from schoolkeeper.testing.servers import s3_server, sftp_server

SYSTEM = "test-college"
RECIPIENT = str(pyrage.x25519.Identity.generate().to_public())
SOURCE = DatabaseSource(
    system_identifier="1",
    database="erp",
    server_version="16.14",
    server_major=16,
    encoding="UTF8",
    collate="C",
    ctype="C",
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def set_id(taken_at: datetime) -> str:
    """The id of the set that a run began then."""
    return f"{taken_at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(str(taken_at).encode()).hexdigest()[:8]}"


@dataclass
class Shelf:
    """A store in a folder."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / SYSTEM

    def put(self, name: str, data: bytes, at: datetime) -> Part:
        """An object that was written then."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return Part(
            name=name, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), raw_size_bytes=len(data)
        )

    def plant(
        self, taken_at: datetime, packs: Sequence[bytes] = (), shared: Sequence[Part] = (), *, full: str = ""
    ) -> Manifest:
        """A set with packs of its own and some that it shares with others."""
        name = set_id(taken_at)
        contents = self.put(f"sets/{name}/database.contents.json.zst.age", name.encode() + b" contents", taken_at)
        index = self.put(f"sets/{name}/database.index.json.zst.age", name.encode() + b" index", taken_at)
        own = [
            self.put(f"packs/{name}.database.{number:04}.tar.zst.age", data, taken_at)
            for number, data in enumerate(packs, start=1)
        ]
        manifest = Manifest(
            set=name,
            system=SYSTEM,
            profile="test",
            environment="scratch",
            taken_at=taken_at,
            completed_at=taken_at + timedelta(minutes=1),
            tools={},
            recipients=[RECIPIENT],
            database=DatabasePart(
                component="database",
                index=index,
                index_digest="",
                packs=[*shared, *own],
                new_bytes=sum(map(len, packs)),
                full_because=full,
                contents=contents,
                contents_digest="",
                source=SOURCE,
                snapshot="1",
                taken_at=taken_at,
                dumped_by="pg_dump",
                dump_bytes=0,
                version=Version(),
                tables=1,
                rows=1,
                sequences=0,
                definitions=1,
            ),
            files=[],
        )
        sums = "".join(f"{part.sha256}  ../../{part.name}\n" for part in manifest.parts)
        self.put(f"sets/{name}/SHA256SUMS", sums.encode(), taken_at)
        self.put(f"sets/{name}/manifest.json", manifest.model_dump_json(indent=2).encode(), taken_at)
        return manifest

    def hold(self, manifest: Manifest, by: str) -> None:
        """Make the database of a set one that a tool keeps."""
        held = Held(component=by, engine="restic", copy_id="0123abcd")
        part = manifest.database.model_copy(update={"held": held, "index": None, "packs": []})
        held_set = manifest.model_copy(update={"database": part})
        sums = "".join(f"{part.sha256}  ../../{part.name}\n" for part in held_set.parts)
        self.put(f"sets/{manifest.set}/SHA256SUMS", sums.encode(), manifest.taken_at)
        text = held_set.model_dump_json(indent=2)
        self.put(f"sets/{manifest.set}/manifest.json", text.encode(), manifest.taken_at)

    def prove(self, manifest: Manifest, at: datetime, *, holds: bool = True, run: str = "r1") -> str:
        """The record of a proof of a set; its name."""
        sha256 = hashlib.sha256((self.path / f"sets/{manifest.set}/manifest.json").read_bytes()).hexdigest()
        proof = Proof(
            set=manifest.set,
            run=run,
            manifest_sha256=sha256,
            server="16.14",
            concluded_at=at,
            holds=holds,
            phases=[],
        )
        return self.put(f"proofs/{manifest.set}/{run}.json", proof.model_dump_json().encode(), at).name

    @property
    def names(self) -> set[str]:
        """All objects."""
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()}

    @property
    def sets(self) -> list[str]:
        """The sets that count, oldest first."""
        return sorted(path.parent.name for path in self.path.glob("sets/*/manifest.json"))

    def broken(self) -> list[str]:
        """Objects of counted sets that are not what the manifest says."""
        return [
            part.name
            for name in self.sets
            for part in Manifest.model_validate_json((self.path / f"sets/{name}/manifest.json").read_bytes()).parts
            if not (self.path / part.name).is_file()
            or hashlib.sha256((self.path / part.name).read_bytes()).hexdigest() != part.sha256
        ]

    def flip(self, name: str) -> None:
        """Alter one bit of an object, and nothing that can be seen from outside."""
        path = self.path / name
        status, content = path.stat(), bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        os.utime(path, (status.st_atime, status.st_mtime))


def shelf(folder: Path) -> Shelf:
    """An empty store."""
    (folder / SYSTEM).mkdir(parents=True)
    return Shelf(folder)


def store(folder: Path, **other: object) -> dict[str, object]:
    """The definition of a store in a folder."""
    return {"kind": "store", "path": str(folder), "recipients": [RECIPIENT], **other}


def subject(
    task: AnyTask,
    home: Path,
    stores: Mapping[str, Mapping[str, object]],
    options: Options | None = None,
    now: datetime = NOON,
    **system: object,
) -> Subject:
    """A task on a system that consists of stores."""
    home.mkdir(exist_ok=True)
    common = {"slug": SYSTEM, "name": "Test College", "profile": "test", "environment": "scratch", **system}
    gone: dict[str, Any] = {name: store(Path("/nonexistent/store")) for name in stores}
    folders = [Path(str(one["path"])) for one in stores.values() if "path" in one]
    return Subject(
        task=task,
        system=System.model_validate({**common, "components": stores}),
        unreachable=System.model_validate({**common, "components": gone}),
        profile=Profile(slug="test", title="Test ERP"),
        home=home,
        fingerprint=lambda: fingerprint(folders),
        options=options or task.options(),
        now=now,
    )


def fingerprint(folders: Sequence[Path]) -> str:
    """A digest of everything in some folders."""
    total = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return total.hexdigest()


@contextmanager
def far_store(kind: str, folder: Path) -> Iterator[tuple[Shelf, dict[str, object]]]:
    """A store on a server of its own, "s3" or "sftp": the folder where its objects are, and its definition."""
    with ExitStack() as stack:
        if kind == "s3":
            bucket = stack.enter_context(s3_server())
            where: dict[str, object] = {
                "url": f"s3://{bucket.bucket}/erp",
                "endpoint": bucket.endpoint,
                "access_key": secret_file(folder, "access-key", bucket.access_key),
                "secret_key": secret_file(folder, "secret-key", bucket.secret_key),
                "medium": "object",
            }
            there = bucket.folder / "erp"
        else:
            server = stack.enter_context(sftp_server())
            where = {
                "url": server.url,
                "host_key": server.host_key,
                "private_key": secret_file(folder, "private-key", server.private_key),
            }
            there = server.folder
        there.mkdir(exist_ok=True)
        yield Shelf(there), {"kind": "store", "recipients": [RECIPIENT], "offsite": True, **where}


def hand_over(there: Shelf) -> None:
    """Give everything in a folder to the account that the server runs as."""
    owner = there.folder.stat()
    for path in there.folder.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
