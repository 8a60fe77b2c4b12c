"""What the list of a folder's part says of one file, one folder, one link."""

from pydantic import BaseModel, ConfigDict
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid")


class StoredFile(BaseModel):
    """A regular file; `path` is relative to the folder and as `spelled` has it. `chunks` is left empty where the
    file is one chunk, whose name is then the file's `sha256`, and where it is empty.

    `inode`, `mtime_ns` and `ctime_ns` tell whether it must be read again for the next set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size_bytes: int
    sha256: str
    chunks: list[str] = []
    mode: int = 0o600
    uid: int = 0
    gid: int = 0
    inode: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0

    @property
    def chunk_ids(self) -> list[str]:
        return self.chunks or ([self.sha256] if self.size_bytes else [])


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Folder:
    path: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Link:
    path: str
    target: str
    uid: int
    gid: int
