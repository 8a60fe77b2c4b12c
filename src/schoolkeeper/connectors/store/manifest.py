"""The format of a backup set's manifest and of what stands in its encrypted lists.

The manifest is readable without a key, so that sets can be listed and their parts checked anywhere. It holds
totals only: file names may be names of people, and a digest of a small table can be guessed, so names and
digests are kept in an `index` and a `contents` list per part, which are encrypted like the packs themselves.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.store.chunk_table import ChunkTable
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.listed import Folder, Link, StoredFile
from schoolkeeper.connectors.store.places.names import checked

__all__ = ["DatabasePart", "FilesPart", "Folder", "Held", "Index", "Link", "Manifest", "Part", "StoredFile"]

FORMAT: Literal["schoolkeeper-backup-set/2"] = "schoolkeeper-backup-set/2"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
SET_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """One object of a set; `name` is relative to the folder of the system in the store. Size and SHA-256 are of
    the object as stored; `raw_size_bytes` is what it holds."""

    name: Annotated[str, AfterValidator(checked)]
    sha256: str
    size_bytes: int
    raw_size_bytes: int


class Version(_Record):
    """The version of the ERP, as its database and its web pages say; `why` where one could not be had."""

    database: str | None = None
    web: str | None = None
    why: list[str] = []


class Held(_Record):
    """A part whose bytes another tool keeps: the name of its component, its kind, and the copy's id there."""

    component: str
    engine: str
    copy_id: str
    form: Literal["logical", "physical"] = "logical"
    restore_point: str = ""
    """Of a physical copy: up to where it is brought to be as the contents list says; "" where none could be made,
    so that rows cannot be compared."""

    @property
    def is_physical(self) -> bool:
        """Whether these are a server's own files, and no dump."""
        return self.form == "physical"

    @property
    def lacks_its_moment(self) -> bool:
        """Whether users wrote on between the copy and the contents list."""
        return self.is_physical and not self.restore_point


class Stored(_Record):
    """What every part has. `index` says which chunks of which `packs` make up its files; a part that another tool
    holds has no packs and, for a database, no index. `new_bytes` is what this set added to the store for it."""

    component: str
    index: Part | None = None
    index_digest: str = ""
    packs: list[Part] = []
    new_bytes: int = 0
    held: Held | None = None
    full_because: str = ""
    """Why nothing of an earlier set could be used; "" when it was looked for."""

    @property
    def objects(self) -> list[Part]:
        """Every object of the part that lies in this store."""
        return [*([self.index] if self.index else []), *self.packs]


class DatabasePart(Stored):
    """A dump and its contents list, taken in one snapshot."""

    contents: Part
    contents_digest: str
    source: DatabaseSource
    snapshot: str
    taken_at: datetime
    dumped_by: str
    dump_bytes: int
    version: Version
    tables: int
    rows: int
    sequences: int
    definitions: int
    golden: Part | None = None
    """A few records as the ERP's own queries showed them, to be found again in a copy."""
    not_transactional: list[str] = []
    """Tables that no snapshot covers (MyISAM): what was written to them meanwhile may be half in the set."""

    @property
    def objects(self) -> list[Part]:
        return [self.contents, *([self.golden] if self.golden else []), *super().objects]


class FilesPart(Stored):
    """A folder. `added`, `altered` and `deleted` compare it with the set before (`since`); `changed` files were
    written to while they were read, `vanished` ones went away before; `outside` links lead out of the folder;
    `attributes` are those that are not in the set, and on how many files and folders."""

    files: int
    bytes: int
    changed: int
    vanished: int
    outside: int = 0
    since: str = ""
    added: int = 0
    altered: int = 0
    deleted: int = 0
    attributes: dict[str, int] = {}


class Manifest(_Record):
    """`taken_at` is the moment of the database's snapshot: what was written later is not in the set."""

    format: Literal["schoolkeeper-backup-set/2"] = FORMAT
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
    def stored(self) -> Iterator[Stored]:
        yield self.database
        yield from self.files

    @property
    def parts(self) -> list[Part]:
        """Every object of the set but the manifest and the list of sums, each once."""
        return list({part.name: part for one in self.stored for part in one.objects}.values())

    @property
    def size_bytes(self) -> int:
        """What the set would take if it stood alone."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def new_bytes(self) -> int:
        """What the set added to the store: its packs, and its lists, which are new each time."""
        lists = sum(part.size_bytes for part in self.parts if part.name.endswith(".json.zst.age"))
        return lists + sum(one.new_bytes for one in self.stored)

    @property
    def duration(self) -> timedelta:
        return self.completed_at - self.taken_at


class Index(_Record):
    """Which chunks make up which file, and which pack has them: `packs` gives for each the chunks that this part
    uses and their sizes.

    `skipped` are sockets, devices and pipes, which no backup can bring back; `outside` are links that lead out of
    the folder, of whose targets the set has nothing. `top` is the folder itself, None in sets that do not say;
    `attributes` says how many files and folders have an extended attribute, such as an access control list, that
    the set does not have. `added`, `altered`, `deleted` compare with the set `since`.
    """

    packs: ChunkTable
    files: FileTable
    folders: list[Folder] = []
    links: list[Link] = []
    changed: list[str] = []
    vanished: list[str] = []
    skipped: list[str] = []
    outside: list[str] = []
    since: str = ""
    added: list[str] = []
    altered: list[str] = []
    deleted: list[str] = []
    top: Folder | None = None
    attributes: dict[str, int] = {}

    @property
    def unknown(self) -> frozenset[str]:
        """What the list does not have, and so is not in its text: the members that came later, where they are
        empty. The digest of an older list is without them."""
        return frozenset(name for name in ("top", "attributes") if not getattr(self, name))

    @model_serializer(mode="wrap")
    def _known(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {name: value for name, value in handler(self).items() if name not in self.unknown}
