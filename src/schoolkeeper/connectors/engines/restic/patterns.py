"""Paths in the syntax of restic's patterns and pattern files."""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

_SPECIAL = re.compile(r"([\\*?\[])")


def literal(path: str) -> str:
    """A pattern that matches this path alone, and what is below it."""
    return _SPECIAL.sub(r"\\\1", path)


def exclude_lines(root: Path, exclude: Sequence[str]) -> Iterator[bytes]:
    """What is below `root` and matches one of the patterns, as lines of an --exclude-file.

    The patterns are matched with the relative path, and `*` also matches "/": restic's own patterns have no such
    sign, so they are looked up here and told one by one.
    """
    if exclude:
        for path in _excluded(root, root, exclude):
            yield _line(path) + b"\n"


def _excluded(root: Path, folder: Path, exclude: Sequence[str]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as scan:
            entries = list(scan)
    except (FileNotFoundError, PermissionError):
        return  # restic meets the same folder and tells
    for entry in entries:
        path = Path(entry.path)
        if any(fnmatch(path.relative_to(root).as_posix(), pattern) for pattern in exclude):
            yield path
        elif entry.is_dir(follow_symlinks=False):
            yield from _excluded(root, path, exclude)


def _line(path: Path) -> bytes:
    """restic puts variables in place of $, trims lines, and knows no sign for a line break."""
    text = os.fsencode(literal(str(path)).replace("$", "$$"))
    return re.sub(rb"[\r\n]|\s$", b"?", text)
