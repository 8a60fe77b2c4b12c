"""Definitions that PostgreSQL spells in two ways although nothing differs.

`status IN ('a', 'b')` on a varchar column is kept as a cast around the whole array; read back from a dump it
becomes an array of casts, and stays so. Every copy of such a database would look changed, so both are compared
in the second spelling. Nothing else is evened out.
"""

import re

_ELEMENT = r"'(?:[^']|'')*'::[a-z ]+(?:\(\d+\))?"
_CAST_AROUND_ARRAY = re.compile(rf"\(ARRAY\[({_ELEMENT}(?:, {_ELEMENT})*)\]\)::([a-z ]+)\[\]")


def settled(definition: str) -> str:
    """The definition as PostgreSQL spells it after it went through a dump once."""
    return _CAST_AROUND_ARRAY.sub(_array_of_casts, definition)


def _array_of_casts(found: re.Match[str]) -> str:
    elements = re.findall(_ELEMENT, found[1])
    return "ARRAY[" + ", ".join(f"({element})::{found[2]}" for element in elements) + "]"
