"""What a run leaves behind for later readers to rely on: a backup set, a proof of one."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """`kind` and `key` identify it within a system; `holds` is the answer (did the proof succeed?).

    `data` are JSON values; evidence of the same kind has the same keys.
    """

    kind: str
    key: str
    holds: bool
    says: str
    data: Mapping[str, object]
