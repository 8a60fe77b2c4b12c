"""Statements that a person may read: their shape without the values, which may be pupils' data."""

import re

# In the order in which they are tried. What is cut off or ambiguous is hidden to its end: rather too much
# than one name. Source of the forms: PostgreSQL manual, "Lexical Structure".
_TOKENS = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*(?:(?!/\*).)*?\*/ | /\*.* )
    | (?P<name>    "(?:[^"]|"")*(?:"|\Z) )
    | (?P<value>   \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\Z)     # E'it\'s'
                 | '(?:[^'\\]|''|\\(?!'))*\\'.*             # \' may end it or not, by a setting
                 | '(?:[^']|'')*(?:'|\Z)
                 | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
                 | (?<![\w$])\.?\d[\w.]* )
    """,
    re.DOTALL | re.VERBOSE,
)
LIMIT_CHARACTERS = 60


def _without_value(match: re.Match[str]) -> str:
    if match["name"]:
        return match["name"]
    return "?" if match["value"] else " "


def shape_of(statement: str) -> str:
    """The first characters of a statement with `?` for each value and without comments.

    >>> shape_of("UPDATE person SET name = 'Ada' WHERE id = 7")
    'UPDATE person SET name = ? WHERE id = ?'
    """
    shape = " ".join(_TOKENS.sub(_without_value, statement).split())
    return shape if len(shape) <= LIMIT_CHARACTERS else shape[: LIMIT_CHARACTERS - 1] + "…"
