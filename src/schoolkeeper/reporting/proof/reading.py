"""What a proof's evidence says, read with forbearance: what is not there, or not as expected, is left out.

Keys of the data (all optional): `phases`, a list of {`name`, `seconds`, `skipped`} or an object of
`<name>_seconds`; `recovery_seconds`, what a real recovery would have taken; `rto_seconds` and `rpo_hours`, the
targets at that time; `taken_at`, `size_bytes` and `new_bytes` of the set; counts of what was compared; `faults`, a
list of texts or of {`code`, `subject`, `expected`, `found`, `says`}, or only their number; `fault_count`, when not
all are listed; `unclaimed`, a list of what the proof does not speak of; `versions`, an object; `postgres`;
`manifest_sha256`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_ORDER = (
    "fetch", "prepare", "restore", "compare", "integrity", "files", "start", "start the ERP", "journey",
    "journeys", "golden records",
)  # fmt: skip
"""An object of the evidence has no order; these are the phases as they follow each other."""
_RECOVERING = frozenset({"fetch", "prepare", "restore", "start the ERP"})
"""The phases that a real recovery has too; the others look at what came back."""
_COUNTS = ("tables", "rows", "objects", "files", "assertions", "journey_steps", "golden_records")


@dataclass(frozen=True, slots=True)
class Phase:
    """`seconds` is None where none were measured; `skipped` says why it could not be carried out."""

    name: str
    seconds: float | None
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Whatever the evidence has; None, "" and empty where it says nothing."""

    phases: tuple[Phase, ...]
    recovery_seconds: float | None
    total_seconds: float | None
    rto_seconds: float | None
    rpo_hours: float | None
    taken_at: datetime | None
    size_bytes: float | None
    new_bytes: float | None
    counts: tuple[tuple[str, float], ...]
    faults: tuple[str, ...]
    fault_count: int | None
    unclaimed: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    manifest_sha256: str


def read(data: Mapping[str, object]) -> Reading:
    """Read the data of evidence of the kind "proof"."""
    phases = tuple(_phases(data.get("phases")))
    faults = tuple(_faults(data.get("faults")))
    return Reading(
        phases=phases,
        recovery_seconds=_recovery(data, phases),
        total_seconds=number(data, "seconds"),
        rto_seconds=number(data, "rto_seconds"),
        rpo_hours=number(data, "rpo_hours"),
        taken_at=_time(data.get("taken_at")),
        size_bytes=number(data, "size_bytes"),
        new_bytes=number(data, "new_bytes"),
        counts=tuple((name, count) for name in _COUNTS if (count := number(data, name)) is not None),
        faults=faults,
        fault_count=_fault_count(data, faults),
        unclaimed=tuple(_texts(data.get("unclaimed"))),
        versions=tuple(_versions(data)),
        manifest_sha256=_text(data.get("manifest_sha256")),
    )


def number(data: Mapping[str, object], name: str) -> float | None:
    """A number that is not negative; None where the data has none of that name."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _phases(value: object) -> Iterator[Phase]:
    if isinstance(value, Mapping):
        named = {str(name).removesuffix("_seconds").replace("_", " "): name for name in value}
        for words in sorted(named, key=_place):
            if (seconds := number(value, named[words])) is not None:
                yield Phase(words, seconds)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            if isinstance(one, Mapping) and (name := _text(one.get("name"))):
                yield Phase(name.replace("_", " "), number(one, "seconds"), _text(one.get("skipped")))


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _recovery(data: Mapping[str, object], phases: Sequence[Phase]) -> float | None:
    if (told := number(data, "recovery_seconds")) is not None:
        return told
    parts = [phase.seconds for phase in phases if phase.name in _RECOVERING and phase.seconds is not None]
    return sum(parts) if any(phase.name == "restore" for phase in phases) and parts else None


def _faults(value: object) -> Iterator[str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return
    for one in value:
        if isinstance(one, Mapping):
            yield _text(one.get("says")) or _composed(one)
        elif text := _text(one):
            yield text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from filter(None, map(_text, value))


def _composed(fault: Mapping[str, object]) -> str:
    code, subject = _text(fault.get("code")).replace("_", " "), _text(fault.get("subject"))
    said = [f"{words} {text}" for words in ("expected", "found") if (text := _text(fault.get(words)))]
    named = ": ".join(filter(None, (code, subject))) or "a fault"
    return f"{named} ({', '.join(said)})" if said else named


def _fault_count(data: Mapping[str, object], faults: Sequence[str]) -> int | None:
    for name in ("fault_count", "faults"):
        if (told := number(data, name)) is not None:
            return max(round(told), len(faults))
    return len(faults) if isinstance(data.get("faults"), list) else None


def _versions(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    versions = data.get("versions")
    known = versions if isinstance(versions, Mapping) else {}
    for name, version in sorted(known.items()):
        if text := _text(version):
            yield str(name), text
    if "postgres" not in known and (text := _text(data.get("postgres"))):
        yield "PostgreSQL", text


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
