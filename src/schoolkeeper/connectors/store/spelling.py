"""File names in lists: text that any JSON reader takes, of which nothing of the name is lost.

To Linux a name is bytes, and old ones are often not UTF-8. Python keeps such bytes as lone surrogates, which stand
in no JSON file and in no database. So each is spelled `\\x` and two hexadecimal digits; where a name really has
such a text, its backslash is spelled `\\x5c`. All other names stay as they are.
"""

import re

_LOOKS_SPELLED = re.compile(r"\\(?=x[0-9a-f]{2})")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_SPELLED = re.compile(rb"\\x([0-9a-f]{2})")


def spelled(name: str) -> str:
    """How lists have a name that came from the file system or from an archive."""
    return _NOT_UTF8.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", _LOOKS_SPELLED.sub(r"\\x5c", name))


def unspelled(text: str) -> bytes:
    """The bytes of the name that a list speaks of."""
    return _SPELLED.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())
