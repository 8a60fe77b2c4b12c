"""One JSON text, and so one digest, for equal data."""

import hashlib
import json

from pydantic_core import to_jsonable_python


def canonical(data: object) -> str:
    """The JSON text of `data` with sorted keys and no spaces; dates, paths and sets become JSON values."""
    return json.dumps(
        to_jsonable_python(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(data: object) -> str:
    """SHA-256 of the canonical JSON text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()
