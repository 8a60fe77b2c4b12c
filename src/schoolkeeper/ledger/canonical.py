"""One value, one sequence of bytes: the canonical JSON of the ledger.

Keys sorted by code point, no whitespace, UTF-8 without escapes (except the quotation mark, the backslash
and the control characters below U+0020, as RFC 8785 section 3.2.2.2 writes them), times in UTC with six
decimals and "Z".

The value must come back from a PostgreSQL `jsonb` column, and from a JSON reader in any language, with the
same bytes. Hence no floats (jsonb turns 1e2 into 100, and languages print 0.1 differently), no integers
beyond 2**53 - 1 (RFC 7493 section 2.2), no U+0000 (jsonb refuses it), no lone surrogates and no keys but
strings.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn, TypeAlias

from schoolkeeper.ledger.errors import EntryError

JSON: TypeAlias = "bool | int | str | list[JSON] | dict[str, JSON] | None"

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 32

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def dump(value: object) -> bytes:
    """The canonical bytes of a value that `plain` has passed; checks nothing by itself."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def plain(value: object, where: str = "data", depth: int = 0) -> JSON:
    """A copy made of plain JSON types, for a value that has exactly one canonical form.

    Raises EntryError, naming the place, for everything that the module's rule leaves out.
    """
    if depth > DEEPEST:
        raise EntryError(f"{where} is nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value, where)
    if isinstance(value, int):
        return _integer(value, where)
    if isinstance(value, Mapping):
        return {_key(key, where): plain(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{place}]", depth + 1) for place, item in enumerate(value)]
    raise EntryError(_refusal(value, where))


def text(value: object, where: str) -> str:
    """A string that UTF-8 and PostgreSQL can hold, as a plain `str`; raises EntryError."""
    if not isinstance(value, str):
        raise EntryError(f"{where} must be text, not {type(value).__name__}")
    if "\x00" in value:
        raise EntryError(f"{where} contains the character U+0000, which PostgreSQL cannot store")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EntryError(f"{where} contains a lone surrogate, which is not a character") from None
    return str.__str__(value)


def time_text(at: datetime) -> str:
    """An aware time as `2026-01-31T08:00:00.000000Z`; raises EntryError for a naive one."""
    return utc(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def utc(at: datetime) -> datetime:
    """The same moment in UTC; raises EntryError for a naive time or one that UTC cannot express."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise EntryError(f"the time {at.isoformat()} has no time zone; the ledger keeps UTC")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise EntryError(f"the time {at.isoformat()} has no equivalent in UTC") from None


def read_time(value: object) -> datetime:
    """The inverse of `time_text`; raises EntryError for any other form."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise EntryError("a time must look like 2026-01-31T08:00:00.000000Z")
    try:
        return datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise EntryError(f"{value} is not a time") from None


def load(line: bytes) -> object:
    """Parse JSON strictly: UTF-8 only, no floats, no NaN; raises EntryError."""
    try:
        return json.loads(line.decode(), parse_float=_no_float, parse_constant=_no_float)
    except EntryError:
        raise
    except UnicodeDecodeError as error:
        raise EntryError(f"not UTF-8 at byte {error.start + 1}") from None
    except (ValueError, RecursionError) as error:
        raise EntryError(f"not JSON: {error}") from None


def _no_float(literal: str) -> NoReturn:
    raise EntryError(f"{literal} is not an integer, and the ledger holds no other numbers")


def _integer(value: int, where: str) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise EntryError(f"{where} is beyond ±(2**53 - 1), where readers begin to round; write it as text")
    return int(value)


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise EntryError(f"{where} has the key {key!r}; keys must be text")
    return text(key, f"a key of {where}")


def _refusal(value: object, where: str) -> str:
    if isinstance(value, float):
        return (
            f"{where} is the float {value!r}; floats have no single spelling across jsonb and JSON readers: "
            "use an integer in a smaller unit (milliseconds, bytes, per mille) or text"
        )
    return f"{where} is a {type(value).__name__}, which JSON cannot hold; write it as text"
