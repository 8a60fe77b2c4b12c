"""The format of a backup set's manifest and of what stands in its encrypted contents lists.

The manifest is readable without a key, so that sets can be listed and their parts checked anywhere. It holds
totals only: file names may be names of people, and a digest of a small table can be guessed, so names and
digests are kept in a `contents` list per part, which is encrypted like the part itself.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from schoolkeeper.connectors.postgres.contents import DatabaseSource

FORMAT: Literal["schoolkeeper-backup-set/1"] = "schoolkeeper-backup-set/1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
SET_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """One file of a set. Sizes and SHA-256 are of the file as stored; `raw_size_bytes` is what it holds."""

    name: str
    sha256: str
    size_bytes: int
    raw_size_bytes: int


class Version(_Record):
    """The version of the ERP, as its database and its web pages say; `why` where one could not be had."""

    database: str | None = None
    web: str | None = None
    why: list[str] = []


class DatabasePart(_Record):
    """The database's part: a dump and its contents list, taken in one snapshot."""

    dump: Part
    contents: Part
    contents_digest: str
    source: DatabaseSource
    snapshot: str
    taken_at: datetime
    pg_dump: str
    version: Version
    tables: int
    rows: int
    objects: int
    sequences: int


class FilesPart(_Record):
    """A folder's part. `changed` files were written to while they were read, `vanished` ones went away before;
    `outside` links lead out of the folder."""

    component: str
    archive: Part
    contents: Part
    contents_digest: str
    files: int
    bytes: int
    changed: int
    vanished: int
    outside: int = 0


class Manifest(_Record):
    """`taken_at` is the moment of the database's snapshot: what was written later is not in the set."""

    format: Literal["schoolkeeper-backup-set/1"] = FORMAT
    set: str
    system: str
    profile: str
    environment: str
    taken_at: datetime
    completed_at: datetime
    tools: dict[str, str]
    recipients: list[str]
    database: DatabasePart
    files: list[FilesPart]

    @property
    def parts(self) -> list[Part]:
        """Every file of the set but the manifest and the list of sums."""
        parts = [self.database.dump, self.database.contents]
        return parts + [part for files in self.files for part in (files.archive, files.contents)]

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)

    @property
    def duration(self) -> timedelta:
        return self.completed_at - self.taken_at


class StoredFile(_Record):
    """A regular file; `path` is relative to the folder and as `spelled` has it, `sha256` is of exactly what the
    archive holds."""

    path: str
    size_bytes: int
    sha256: str


class FilesContents(_Record):
    """What a folder's archive holds; `skipped` are sockets, devices and pipes, which no archive can bring back,
    and `outside` links that lead out of the folder, of whose targets the archive has nothing."""

    files: list[StoredFile]
    changed: list[str]
    vanished: list[str]
    skipped: list[str]
    outside: list[str] = []
