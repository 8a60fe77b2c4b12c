"""One statement, one sequence of bytes: the canonical JSON of evidence, which may hold fractions.

It is the ledger's canonical JSON (see `canonical`) with numbers as PostgreSQL's `jsonb` gives them back: integers
of any size with all their digits; a fraction as the shortest decimal that reads back as the same double, without
exponent and without trailing zeros (`0.5`, `100`, `0.0000001`). NaN and the infinities have no form.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal

from schoolkeeper.ledger import canonical
from schoolkeeper.ledger.errors import EntryError

DEEPEST = 64


def dump(value: object, where: str = "evidence", depth: int = 0) -> str:
    """The canonical text; raises EntryError, naming the place, for a value that has none."""
    if depth > DEEPEST:
        raise EntryError(f"{where} is nested deeper than {DEEPEST} levels")
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return json.dumps(canonical.text(value, where), ensure_ascii=False)
        case int():
            return str(int(value))
        case float():
            return _fraction(value, where)
        case Mapping():
            names = sorted(_name(name, where) for name in value)
            fields = (f"{dump(name)}:{dump(value[name], f'{where}.{name}', depth + 1)}" for name in names)
            return f"{{{','.join(fields)}}}"
        case list() | tuple():
            items = (dump(item, f"{where}[{place}]", depth + 1) for place, item in enumerate(value))
            return f"[{','.join(items)}]"
        case _:
            raise EntryError(f"{where} is a {type(value).__name__}, which JSON cannot hold")


def load(text: bytes) -> tuple[object, tuple[str, ...]]:
    """Parse UTF-8 JSON: the value, and the keys that stand twice in one object, where readers would differ on
    which of them counts. Raises EntryError for what is no JSON."""
    repeated: list[str] = []

    def fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        repeated.extend(name for place, name in enumerate(names) if name in names[:place])
        return dict(pairs)

    try:
        return json.loads(text.decode(), object_pairs_hook=fields), tuple(repeated)
    except UnicodeDecodeError as error:
        raise EntryError(f"not UTF-8 at byte {error.start + 1}") from None
    except (ValueError, RecursionError) as error:
        raise EntryError(f"not JSON: {error}") from None


def _fraction(value: float, where: str) -> str:
    if not math.isfinite(value):
        raise EntryError(f"{where} is {value}, which JSON cannot hold")
    return format(Decimal(repr(float(value))).normalize(), "f") if value else "0"


def _name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise EntryError(f"{where} has the key {name!r}; keys must be text")
    return name
