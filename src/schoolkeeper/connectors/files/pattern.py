"""Glob patterns, followed folder by folder, so that only folders on the way are read."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

State = frozenset[int]
START: State = frozenset({0})
ANY_DEPTH = "**"


class Pattern:
    """A pattern as pathlib's `glob` reads it: `**` stands for any number of folders, also none; `*`, `?` and
    `[...]` for characters of one name, a leading dot included.

    A State is the positions in the pattern that a folder's path may have led to.
    """

    def __init__(self, pattern: str) -> None:
        self._parts = PurePosixPath(pattern).parts

    def into(self, state: State, folder: str) -> State:
        """The state inside a folder; empty when nothing in it can match."""
        found = set()
        for place in self._open(state):
            if self._parts[place] == ANY_DEPTH:
                found.add(place)
            elif place + 1 < len(self._parts) and fnmatchcase(folder, self._parts[place]):
                found.add(place + 1)
        return frozenset(found)

    def admits(self, state: State, file: str) -> bool:
        """Whether a file of this name, in the folder of that state, matches; a last `**` means folders only."""
        last = len(self._parts) - 1
        return (
            last in self._open(state) and self._parts[last] != ANY_DEPTH and fnmatchcase(file, self._parts[last])
        )

    def _open(self, state: State) -> set[int]:
        """The positions that the next name may be held against: `**` also stands for no folder at all."""
        found = set()
        for start in state:
            place = start
            while place < len(self._parts):
                found.add(place)
                if self._parts[place] != ANY_DEPTH:
                    break
                place += 1
        return found
