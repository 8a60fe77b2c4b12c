"""Reading a long JSON text piece by piece: of one object, the members one after the other."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

_SPACE = re.compile(r"[ \t\n\r]*")
# What stands at the end of what was read so far may go on: a number, or `tru`.
_MARGIN = 1


class JsonStream:
    """One JSON object, whose members are asked for in order. Raises ValueError for what is none.

    Each name that `members` yields is followed by one of `value`, `elements` and `members`, until that has ended.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._decoder = json.JSONDecoder()
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False

    def members(self) -> Iterator[str]:
        """The names of an object's members."""
        for _ in self._items("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise ValueError("the name of a member is no text")
            self._take(":")
            yield name

    def elements(self) -> Iterator[object]:
        """The values in an array."""
        for _ in self._items("[", "]"):
            yield self.value()

    def value(self) -> object:
        """A value as a whole."""
        self._peek()
        wanted = 1
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end + _MARGIN <= len(self._text) or not self._more(wanted):
                    self._at = end
                    return value
            except json.JSONDecodeError:
                if not self._more(wanted):
                    raise
            wanted *= 2  # a long value is not begun anew for each block

    def end(self) -> None:
        """Nothing may follow."""
        if self._peek():
            raise ValueError("something follows after the end")

    def _items(self, begin: str, end: str) -> Iterator[None]:
        self._take(begin)
        if self._peek() == end:
            self._at += 1
            return
        while True:
            yield
            if self._peek() == end:
                self._at += 1
                return
            self._take(",")

    def _take(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise ValueError(f"{wanted!r} is missing")
        self._at += 1

    def _peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(1):
                return ""

    def _more(self, blocks: int) -> bool:
        """Read on; False at the end."""
        if self._ended:
            return False
        pieces = [self._text[self._at :]]
        for _ in range(blocks):
            block = next(self._blocks, None)
            self._ended = block is None
            pieces.append(self._utf8.decode(block or b"", final=self._ended))
            if self._ended:
                break
        self._text, self._at = "".join(pieces), 0
        return True
