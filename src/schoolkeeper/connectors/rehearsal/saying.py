"""What a log says of a failure, without the rows and people that it quotes."""

import re
from pathlib import Path

from schoolkeeper.connectors.guarded import last_lines

LINES = 8
LINE_LENGTH = 300
_QUOTED = re.compile(r"""(?P<before>[\w ]*?)(?P<quote>["'`])(?P<text>.*?)(?P=quote)""")
_NAMES = re.compile(
    r"\b(relation|table|view|column|function|procedure|routine|trigger|schema|role|database|extension|type|sequence"
    r"|named|module|package|class|attribute|object|name|file|File|directory|open|command|option|key|start)\s*$"
)
_IDENTIFIER = re.compile(r"[\w./:-]*[./_][\w./:-]*")
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
_VALUES = re.compile(r"\s*=\s*\([^)]*\)|\s*(?i:\bvalues\b)\s*\(.*")
_QUOTES_ROWS = re.compile(
    r"\s+(?!- )|Traceback"  # the body of a traceback quotes code
    r"|(DETAIL|CONTEXT|STATEMENT|PARAMETERS|LINE \d+|COPY \w+)\b",  # what PostgreSQL adds quotes rows
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"\s*- |.*(error|exception|fatal|critical|panic|warning|fail|cannot|could not|can't|unable|denied|refused"
    r"|invalid|wrong|missing|not found|does not exist|no such|no module|killed|timed? ?out)",
    re.IGNORECASE,
)


def tail(log: Path, from_byte: int = 0) -> str:
    """The last lines of a log that name a failure, as one short text; "" when there is nothing."""
    lines = last_lines(log, count=10 * LINES, from_byte=from_byte).splitlines()
    kept = [without_values(line) for line in lines if _FAILURE.match(line) and not _QUOTES_ROWS.match(line)]
    return "\n".join(kept[-LINES:])


def without_values(line: str) -> str:
    """A line with what may be a value taken out: quoted texts that name no part of a program, addresses of mail,
    lists of values."""
    shown = _VALUES.sub(" (…)", _QUOTED.sub(_quoted, line))
    return _ADDRESS.sub("…", shown)[:LINE_LENGTH].rstrip()


def _quoted(found: re.Match[str]) -> str:
    text, before, quote = found["text"], found["before"], found["quote"]
    is_name = _NAMES.search(before) or _IDENTIFIER.fullmatch(text)
    return f"{before}{quote}{text if is_name and '@' not in text else '…'}{quote}"
