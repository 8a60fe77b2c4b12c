"""Which conditions may choose rows: what can be nothing but a condition, whoever wrote it.

The text is taken apart and every part must be known to be harmless; what is not known is refused. It runs on the
restored copy alone, in a read-only transaction, as a role that may only read.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

LONGEST = 2000

_PARTS = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<text>'(?:[^'\\\0]|'')*')
      | (?P<name>"(?:[^"\\\0]|"")+")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w))
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>->>|->|::|\|\||<>|!=|<=|>=|[-=<>+*/%(),.])""",
    re.VERBOSE,
)
# Words of SQL that may stand before a parenthesis, and functions that give the same answer every time.
_MAY_STAND = """
    and or not in any all some exists select distinct from where on as when then else case between
    like ilike having by cast using is abs btrim ceil char coalesce concat count date date_part
    date_trunc extract floor greatest interval least left length lower ltrim max min nullif numeric
    position replace right round rtrim substring sum trim upper varchar"""
# Words that begin or change something else than a condition, or answer differently from time to time. A column of
# such a name is written in double quotes.
_MAY_NOT = """
    alter analyze authorization begin call checkpoint close cluster comment commit copy create
    current_catalog current_date current_role current_schema current_time current_timestamp
    current_user deallocate declare default delete discard do drop except execute explain export
    fetch for grant import insert intersect into lateral limit listen load localtime localtimestamp
    lock merge move notify offset over prepare reassign recursive refresh reindex release reset
    returning revoke rollback savepoint security session_user set show start system_user table
    tablesample truncate uescape union unlisten update user vacuum values variadic window with
    within"""
_BEFORE_PARENTHESIS = frozenset(_MAY_STAND.split())
_REFUSED = frozenset(_MAY_NOT.split())


def condition(text: str) -> str:
    """The condition, without the space around it; "" chooses every row.

    Raises ValueError with what is not understood.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError(f"a condition has at most {LONGEST:,} characters")
    parts = list(_parts(text))
    depth = 0
    for (_, before), (kind, part) in pairwise([("", ""), *parts]):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth < 0:
            raise ValueError("a parenthesis is closed that was not opened")
        if kind == "word":
            _check_word(part.casefold(), before)
        if kind in ("word", "name") and part.casefold().strip('"').startswith(("pg_", "information_schema")):
            raise ValueError(f"{part} belongs to the database itself")
    if depth:
        raise ValueError("a parenthesis is not closed")
    for (kind, part), (_, following) in pairwise(parts):
        if (
            following == "("
            and not (kind == "sign" and part != ")")
            and part.casefold() not in _BEFORE_PARENTHESIS
        ):
            raise ValueError(f"{part}(…) is not among the functions that a condition may use")
    return text


def _check_word(word: str, before: str) -> None:
    if word in _REFUSED:
        raise ValueError(f"{word} has no place in a condition; the name of a column is written in double quotes")
    if word == "select" and before != "(":
        raise ValueError("SELECT may only stand within parentheses")


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each part but spaces."""
    position = 0
    while position < len(text):
        found = _PARTS.match(text, position)
        if found is None or found.lastgroup is None:
            raise ValueError(f"{text[position : position + 20]!r} is not understood")
        # E'…' and U&"…" know escapes, which would end elsewhere than they seem to.
        if found.lastgroup in ("text", "name") and re.search(r"[\w&]$", text[:position]):
            raise ValueError("a quote must not follow a letter or & directly")
        if text.startswith(("--", "/*", "*/"), position):
            raise ValueError("a condition has no comments")
        position = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found.group()
