"""Who has a database's file open. SQLite has no server that could tell, or send anybody away."""

import os
from collections import Counter
from pathlib import Path

SIDECARS = ("-wal", "-shm", "-journal")


def beside(path: Path) -> list[Path]:
    """The files that SQLite keeps beside a database: its logs, and the memory that its users share."""
    return [path.with_name(path.name + ending) for ending in SIDECARS]


def holders(path: Path) -> dict[str, int]:
    """The programs that have the file or one beside it open, and in how many processes; not ourselves.

    Only root sees the files of everybody's processes.
    """
    wanted = {identity for one in (path, *beside(path)) if (identity := _identity(one))}
    found: Counter[str] = Counter()
    for process in Path("/proc").iterdir() if wanted else ():
        if process.name.isdigit() and int(process.name) != os.getpid() and _holds(process, wanted):
            found[_name(process)] += 1
    return dict(sorted(found.items()))


def _holds(process: Path, wanted: set[tuple[int, int]]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # it ended, or is somebody else's
        return False
    return any(_identity(one) in wanted for one in descriptors)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
