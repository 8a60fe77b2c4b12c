"""Text that the font of our papers can show.

The typesetter has no second font to fall back on, and an archivable PDF must not have a letter that shows
as an empty box. What the font lacks is written as its code point, so that nothing vanishes without a word.
"""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import fontpkg  # type: ignore[import-untyped]

FAMILY = "Noto Sans"
_ALIKE = {"≤": "<=", "≥": ">=", "≈": "~", "→": "->", "←": "<-", "✓": "yes", "✗": "no", "\u00ad": "", "\ufe0f": ""}


def font_folder() -> Path:
    """The folder with the font's files."""
    return Path(fontpkg.path(FAMILY)).parent


def visible(text: str) -> str:
    """The text with invisible control characters written out: they could reorder or hide other text."""
    return "".join(_written_out(letter) if _is_hidden(letter) else letter for letter in text)


def printable(text: str) -> str:
    """The text with everything that the font lacks written as its code point, such as [U+4E2D]."""
    known = _covered()
    return "".join(
        letter if ord(letter) in known or letter == "\n" else _ALIKE.get(letter, _written_out(letter))
        for letter in visible(text)
    )


def _is_hidden(letter: str) -> bool:
    # U+200C and U+200D join and part letters in many scripts and are harmless.
    return unicodedata.category(letter) in ("Cc", "Cf") and letter not in "\n\t\u200c\u200d\u00ad"


def _written_out(letter: str) -> str:
    return " " if letter == "\t" else f"[U+{ord(letter):04X}]"


@cache
def _covered() -> frozenset[int]:
    """The code points of the font, from its `cmap` table (OpenType specification, formats 4 and 12)."""
    data = fontpkg.path(FAMILY).read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * number) for number in range(tables))
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (encodings,) = struct.unpack_from(">H", data, start + 2)
    found: set[int] = set()
    for number in range(encodings):
        _, _, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * number)
        (form,) = struct.unpack_from(">H", data, start + offset)
        if form == 12:
            found.update(_format_12(data, start + offset))
        elif form == 4:
            found.update(_format_4(data, start + offset))
    return frozenset(found - {0xFFFF})


def _format_12(data: bytes, at: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">I", data, at + 12)
    for number in range(groups):
        first, last, _ = struct.unpack_from(">III", data, at + 16 + 12 * number)
        yield from range(first, last + 1)


def _format_4(data: bytes, at: int) -> Iterator[int]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    count = doubled // 2
    lasts = struct.unpack_from(f">{count}H", data, at + 14)
    firsts = struct.unpack_from(f">{count}H", data, at + 16 + doubled)
    for first, last in zip(firsts, lasts, strict=True):
        yield from range(first, last + 1)
