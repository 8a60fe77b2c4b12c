"""What `recover.system` sees, and what it writes down about itself between its steps."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.replacement import Why
from schoolkeeper.connectors.files.swapping import FolderTarget
from schoolkeeper.connectors.replacements import AnyTarget
from schoolkeeper.connectors.space import Space
from schoolkeeper.kernel.facts import Facts, Options

Environment = Literal["production", "staging", "scratch"]


class SystemOptions(Options):
    confirm: str = Field("", description="The slug of the system that is replaced, typed by hand")
    set: str = Field("", description="The set to recover from; empty: the newest")
    store: str = Field("backups", description="The store to take it from, by the name of its component")
    source: str = Field("", description="The slug of the system whose set is taken; empty: this one's own")
    into: str = Field("", description="For a set of another system or environment: the slug of this one once more")
    new_server: bool = Field(False, description="The old server is lost, and this one is to take its place")
    rename_aside: bool = Field(False, description="What is there now is renamed aside and kept")
    unproven: bool = Field(False, description="Take a set that no drill has proven")
    accept_damage: bool = Field(False, description="Go on although something of the set is damaged or differs")


class FolderPart(Facts):
    """A folder of the set."""

    component: str
    files: int
    size_bytes: int


class HeldPart(Facts):
    """A part of the set that another backup tool keeps; `is_known` says whether the definition names that tool,
    and `is_there` whether the tool still has it, as far as it was asked."""

    component: str
    by: str
    is_known: bool
    is_there: bool


class ChosenSet(Facts):
    """The set to recover from. The `proof` of a set that somebody else may have written is "suspect", whatever
    lies beside it."""

    id: str
    manifest_sha256: str
    system: str
    profile: str
    environment: str
    taken_at: datetime
    component: str
    source: DatabaseSource
    dump_bytes: int
    rows: int
    folders: list[FolderPart]
    held: list[HeldPart]
    proof: Literal["holds", "fails", "none", "suspect"]


class Live(Facts):
    """What stands under the ERP's names after the recovery, seen without trusting its steps. `faults` are objects
    that differ from the set: they were compared before, so the ERP itself has changed them since it was opened."""

    database_in_place: bool
    database_open: bool
    folders_not_in_place: list[str]
    faults: list[Fault]


class Left(Facts):
    """What a recovery replaced, left behind when it was given up, or took out of its place again after it had been
    open. `size_bytes` is None where nobody could see it; `removing` is the command to remove it."""

    volatile: ClassVar[frozenset[str]] = frozenset({"size_bytes"})

    what: Literal["database", "folder"]
    why: Why
    name: str
    size_bytes: int | None
    removing: str


class Record(Facts):
    """What a run wrote down: the targets as they were at first, then how far it came.

    `restored_id` and `inodes` tell what it restored from everything else; `notes` are for people. `opened_at`
    stays when `concluded_at` is taken back.
    """

    set: str
    tag: str
    started_at: datetime
    database: AnyTarget
    folders: list[FolderTarget]
    maintenance_was_on: bool
    restored_id: str | None = None
    is_compared: bool = False
    is_compared_in_place: bool = False
    is_neutralised: bool = False
    inodes: dict[str, int] = Field(default_factory=dict)
    planted: list[str] = Field(default_factory=list)
    faults: list[Fault] = Field(default_factory=list)
    roles_made: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    opened_at: datetime | None = None
    concluded_at: datetime | None = None


class RecoverFacts(Facts):
    """`tag` is what names of this run end with. `unsound` is why the set's manifest cannot be used, `obstacle` why
    the set cannot be opened. `absent` are folders of the set that the definition does not have. `shared_with` are
    other systems whose sets were taken from the very database that is to be replaced. `maintenance` says whether
    the ERP can be closed by its own command. What is `left` aside is told, and no plan depends on it.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"tag", "workspace", "left"})

    tag: str
    system: str
    profile: str
    environment: Environment
    uploads: list[str]
    can_neutralise: bool
    asked_for: str
    chosen: ChosenSet | None
    unsound: str
    obstacle: str
    database_kind: str
    database: AnyTarget | None
    folders: list[FolderTarget]
    absent: list[str]
    shared_with: list[str]
    maintenance: bool
    workspace: Space | None
    left: list[Left]
    record: Record | None
    live: Live | None

    @property
    def is_concluded(self) -> bool:
        return self.record is not None and self.record.concluded_at is not None

    @property
    def is_clone(self) -> bool:
        """Whether the set is of another system or environment, so that this becomes a copy that must not act."""
        chosen = self.chosen
        return chosen is not None and (chosen.system, chosen.environment) != (self.system, self.environment)

    @property
    def wanted_folders(self) -> list[FolderPart]:
        """A clone gets the uploads and keeps its own configuration and code: those of the source would make it act
        in the source's name."""
        chosen = self.chosen
        if chosen is None:
            return []
        return [one for one in chosen.folders if not self.is_clone or one.component in self.uploads]
