"""Restoring a folder from the depth at which a snapshot has it to where it is wanted."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from schoolkeeper.connectors.engines.program import Said
from schoolkeeper.connectors.engines.restic.patterns import literal
from schoolkeeper.kernel.errors import Permanent

PATHS_AT_ONCE = 200  # so many fit on a command line


def restore_folder(restore: Callable[..., Said], folder: str, into: Path, only: Sequence[str] = ()) -> None:
    """Bring what is below `folder` in a snapshot below `into`; with `only`, those relative paths that it has.

    `restore` runs `restic restore` of the snapshot with further arguments. Raises Permanent when the snapshot
    lacks the folder as a whole.
    """
    into.mkdir(parents=True, exist_ok=True)
    # Within the target, so that moving is renaming, and under a name that no file of the folder has.
    staging = Path(tempfile.mkdtemp(dir=into, prefix=".schoolkeeper-restoring-"))
    try:
        found = staging / folder.lstrip("/")
        wanted = [f"{folder.rstrip('/')}/{path}" for path in only] or [folder]
        for start in range(0, len(wanted), PATHS_AT_ONCE):
            includes = [f"--include={literal(path)}" for path in wanted[start : start + PATHS_AT_ONCE]]
            restore("--target", str(staging), *includes)
        if not only and not found.is_dir():
            raise Permanent(f"the snapshot holds no {folder}")
        for child in found.iterdir() if found.is_dir() else ():
            child.rename(into / child.name)
    finally:
        shutil.rmtree(staging)
