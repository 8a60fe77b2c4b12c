"""Room on the file systems of this machine."""

import shutil
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
