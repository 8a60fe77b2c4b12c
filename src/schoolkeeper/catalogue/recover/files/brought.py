"""Which files a run itself put where: told by identity, because somebody may have uploaded the same content."""

import json
import os
from pathlib import Path

COMING, THERE = "coming", "there"
# What is noted of a file: that it is coming, with its saved time (ns; 0 for a link, whose time nobody sets), or
# that it is there, with device, inode and the time of its last change of any kind (ns), which nobody can set.
Note = tuple[str, list[int]]


class Brought:
    """A file of JSON lines in the run's quarantine; the last line of a path counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[str, Note] = {}
        whole, _, torn = path.read_bytes().rpartition(b"\n") if path.is_file() else (b"", b"", b"")
        if torn:  # by a power cut: it never counted
            os.truncate(path, len(whole) + 1 if whole else 0)
        for line in whole.splitlines():
            name, kind, numbers = json.loads(line)
            self._notes[name] = kind, numbers

    def note_coming(self, name: str, saved_ns: int) -> None:
        """Before a file is put in its place."""
        self._note(name, (COMING, [saved_ns]))

    def note_there(self, name: str, target: Path) -> None:
        """After it was, and all was done to it that we do."""
        self._note(name, (THERE, _identity(target)))

    def is_ours(self, name: str, target: Path) -> bool:
        """Whether what stands there now is what this run put there. Its content is asked elsewhere."""
        kind, numbers = self._notes.get(name, ("", []))
        if not os.path.lexists(target):
            return False
        if kind == COMING:  # we died in between: only our file has the saved time already
            return numbers[0] in (0, target.lstat().st_mtime_ns)
        return kind == THERE and numbers == _identity(target)

    def _note(self, name: str, note: Note) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{json.dumps([name, *note])}\n".encode())
        finally:
            os.close(descriptor)
        self._notes[name] = note


def _identity(target: Path) -> list[int]:
    status = target.lstat()
    return [status.st_dev, status.st_ino, status.st_ctime_ns]
