"""What stays of a log line when everything that may be about a person, or differs from time to time, is masked.

Masking serves two ends: errors that say the same get the same text, and pupils' data are not copied from a log
into our records. Where the two could conflict with readability, privacy wins: the log itself has the details.
"""

import hashlib
import re

LONGEST = 300
_ORDINARY_WORDS = """
    Access Application Bad Broken Cannot Connection Could Database Denied Error Exception Failed Failure Fatal
    Forbidden Found Gateway Internal Invalid Many Method Missing No Not Object Page Permission Pipe Query Request
    Server Service Session Template Time Timeout Too Traceback Unauthorized Unavailable Unexpected Unhandled
    Unknown User Value Warning
"""
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
_PEOPLE = "for|user|username|login|account|student|pupil|teacher|guardian|parent|person"
_GRAMMAR = f"{_PEOPLE}|a|an|the|this|is|was|has|does|not|no|cannot|already|failed|with|in"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"[\x00-\x1f\x7f]+", " "),
        (r"\b(?:[a-z][a-z+.-]*://)\S+", "<url>"),
        (r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", "<email>"),
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<uuid>"),
        # Names of tables and the like stay: they are the database's, not a person's.
        (
            r'\b(relation|table|constraint|column|index|function|sequence|schema|extension|type) "(\w+)"',
            r"\1 «\2»",
        ),
        (r'"[^"]*"|(?<!\w)\'[^\']*\'|`[^`]*`', "<text>"),
        (r'"[^"]*$|(?<!\w)\'[^\']*$', "<text>"),
        (r"\([^()=]*\)=\([^()]*\)", "<values>"),
        (r"\b(\w+)=(?!\s)[^\s,;)]+", r"\1=<value>"),
        (
            rf"(?i)\b({_PEOPLE}) (?!<|(?:{_GRAMMAR})\b)\S+",
            r"\1 <value>",
        ),
        (r"(?<![\w<>])(/[\w.-]+)/[^\s,;:)]*", r"\1/…"),
        (r"\?\S+", "?…"),
        (r"\S*[^\x00-\x7f«»…]\S*", "<text>"),
        (r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b", "<hex>"),
        (r"\d+(?:[.,:]\d+)*", "<n>"),
        (r"\s+", " "),
    )
)
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+)+\b|(?<=[a-z,;:>] )[A-Z][a-z]+\b")


def mask(line: str) -> str:
    """The line without values, at most 300 characters long."""
    text = line[: 4 * LONGEST]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _CAPITALISED.sub(_name, text).replace("«", '"').replace("»", '"').strip()[:LONGEST]


def identity(source: str, masked: str) -> str:
    """A short name of a pattern that stays the same from day to day."""
    return hashlib.sha256(f"{source}\n{masked}".encode()).hexdigest()[:10]


def _name(found: re.Match[str]) -> str:
    words = set(re.split("[ -]", found[0]))
    return found[0] if words <= _ORDINARY else "<name>"
