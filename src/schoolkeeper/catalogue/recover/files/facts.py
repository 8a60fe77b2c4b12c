"""What `recover.files` is asked, and what it sees."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schoolkeeper.kernel.facts import Facts, Options

ASIDE = "aside"
State = Literal["missing", "same", "older", "newer", "blocked"]


class FilesOptions(Options):
    component: str = Field(
        "uploads", description="The folder to bring files back to, by the name of its component"
    )
    paths: list[str] = Field(
        default=[], description="Files and folders below it; * stands for any text in a name, ** for any folders"
    )
    set: str = Field("", description="The set to take them from; empty: the newest")
    store: str = Field("backups", description="The store that keeps the set, by the name of its component")
    into: str = Field(
        "",
        description="Empty: to where they were; 'aside': into a folder of this run, which is kept for 30 days; "
        "else an empty folder, as an absolute path",
    )
    overwrite: bool = Field(
        False, description="Also replace files that are newer than the saved ones; those are kept"
    )
    file_limit: int = Field(10_000, ge=1, description="More files than this are not brought back in one run")


class Wanted(Facts):
    """A file or link of the set that was asked for, and what stands in its place now.

    `path` is relative to the folder, spelled as in the set's lists. `content` is the file's SHA-256 or where the
    link leads. `blocked` says why nothing can be brought there. `folders_missing` are folders on the way.
    """

    path: str
    kind: Literal["file", "link"]
    content: str
    size_bytes: int
    saved_at: datetime
    state: State
    live_bytes: int = 0
    live_at: datetime | None = None
    blocked: str = ""
    folders_missing: list[str] = Field(default_factory=list)

    def is_to_come(self, overwrite: bool) -> bool:
        return self.state in ("missing", "older") or (self.state == "newer" and overwrite)


class FilesFacts(Facts):
    """`unusable` is why the set cannot be read, `wrong_place` why nothing may be brought to `target`; `unmatched`
    are the paths that were asked for and of which the set has nothing."""

    asked_for: str
    set: str
    taken_at: datetime | None
    unusable: str
    component: str
    target: str
    target_exists: bool
    wrong_place: str
    unmatched: list[str]
    wanted: list[Wanted]

    def to_come(self, overwrite: bool) -> list[Wanted]:
        return [one for one in self.wanted if one.is_to_come(overwrite)]
