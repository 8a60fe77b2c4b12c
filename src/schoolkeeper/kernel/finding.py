"""A finding: something that a person should know, under a code that never changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """How bad it is. UNKNOWN ranks highest: what nobody could look at may be worse than any error."""

    OK = 0
    INFO = 1
    WARNING = 2
    ERROR = 3
    UNKNOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observation. Its identity is (code, subject) within a system; `says` is free to be reworded.

    `subject` names the thing concerned (a table, a mount point, a path), "" for the whole system. `data`
    holds JSON values for machines. `hint` is the first thing to do about it, in one sentence.
    """

    code: str
    level: Level
    says: str
    subject: str = ""
    hint: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
