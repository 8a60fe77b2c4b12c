"""Holding a million small things in little memory: as bytes in one piece, found again without an object for each.

A folder of an ERP such as Moodle has a million files. As Python objects their list takes some gigabytes; packed
like this, less than 200 bytes for each.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import overload

MOST_FILLED = 0.5
FEWEST_SLOTS = 16


class Texts(Sequence[str]):
    """Texts one after the other in UTF-8."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        """Raises UnicodeEncodeError for what no UTF-8 can hold."""
        self._text += text.encode()
        self._ends.append(len(self._text))

    def raw(self, place: int) -> bytes:
        """The UTF-8 of a text."""
        return bytes(self._text[self._ends[place] : self._ends[place + 1]])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self.raw(one).decode() for one in range(*place.indices(len(self)))]
        return self.raw(range(len(self))[place]).decode()

    def __iter__(self) -> Iterator[str]:
        return (self.raw(place).decode() for place in range(len(self)))


class Finder:
    """Which row has a key: a hash table of row numbers alone. `key_of(row)` reads a row's key where it stands."""

    def __init__(self, key_of: Callable[[int], bytes]) -> None:
        self._key_of = key_of
        self._slots = array("I", bytes(4 * FEWEST_SLOTS))  # a row number plus one; 0: empty
        self._rows = 0

    def find(self, key: bytes) -> int | None:
        """The first row that was added with this key."""
        slots, mask = self._slots, len(self._slots) - 1
        at = hash(key) & mask
        while row := slots[at]:
            if self._key_of(row - 1) == key:
                return row - 1
            at = (at + 1) & mask
        return None

    def add(self, row: int) -> None:
        """Make a row findable; rows are added in order, beginning with 0."""
        self._rows += 1
        if self._rows > MOST_FILLED * len(self._slots):
            self._slots = array("I", bytes(8 * len(self._slots)))
            for one in range(row):
                self._place(one)
        self._place(row)

    def _place(self, row: int) -> None:
        slots, mask = self._slots, len(self._slots) - 1
        at = hash(self._key_of(row)) & mask
        while slots[at]:
            at = (at + 1) & mask
        slots[at] = row + 1
