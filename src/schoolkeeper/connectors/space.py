"""Room on the file systems of this machine."""

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from schoolkeeper.kernel.facts import Facts


class Space(Facts):
    """What is free on one file system; `device` tells file systems apart."""

    volatile: ClassVar[frozenset[str]] = frozenset({"free_bytes"})

    device: int
    free_bytes: int


def space_at(path: Path) -> Space | None:
    """The room where a folder lies; None where that cannot be seen."""
    try:
        return Space(device=path.stat().st_dev, free_bytes=shutil.disk_usage(path).free)
    except OSError:
        return None


def lacking(wanted: Iterable[tuple[Space | None, int]]) -> list[tuple[int, int]]:
    """Where what is wanted does not fit: (needed, free) bytes, summed up for each file system.

    What does not fit beside each other does not fit. What cannot be seen is left out.
    """
    needed: Counter[int] = Counter()
    free: dict[int, int] = {}
    for space, size_bytes in wanted:
        if space is not None:
            needed[space.device] += size_bytes
            free[space.device] = space.free_bytes
    return [(size_bytes, free[device]) for device, size_bytes in needed.items() if size_bytes > free[device]]
