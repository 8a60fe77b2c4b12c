"""A proof with what the records know around it: its system, its run, its set, and the proofs before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schoolkeeper.connectors.system import System
from schoolkeeper.estate import care
from schoolkeeper.ledger.evidence import SignedEvidence
from schoolkeeper.records.models import EvidenceRecord, Run
from schoolkeeper.reporting.proof.reading import Reading, number, read

MOST_IN_TREND = 12


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a recovery would have taken by one proof."""

    at: datetime
    seconds: float
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """`trend` ends with this proof, oldest first; `set_size_bytes` is what the set's own evidence says."""

    signed: SignedEvidence
    reading: Reading
    system: System
    run: Run
    set_size_bytes: float | None
    trend: tuple[Earlier, ...]


def collect(record: EvidenceRecord, signed: SignedEvidence) -> Collected:
    """Raises Invalid when the system is not in our care."""
    reading = read(record.data)
    return Collected(
        signed=signed,
        reading=reading,
        system=care.find(record.system),
        run=record.run,
        set_size_bytes=reading.size_bytes if reading.size_bytes is not None else _size(record),
        trend=_trend(record),
    )


def _size(record: EvidenceRecord) -> float | None:
    sets = EvidenceRecord.objects.filter(
        system=record.system, kind="backup-set", key=record.key, at__lte=record.at
    )
    newest = sets.order_by("-at", "-id").first()
    return number(newest.data, "size_bytes") if newest else None


def _trend(record: EvidenceRecord) -> tuple[Earlier, ...]:
    """The last proofs that measured a recovery, this one and those kept before it."""
    proofs = EvidenceRecord.objects.filter(system=record.system, kind=record.kind, at__lte=record.at)
    found: list[Earlier] = []
    for one in proofs.order_by("-at", "-id").iterator(chunk_size=50):
        if one.at == record.at and one.pk > record.pk:
            continue
        seconds = read(one.data).recovery_seconds
        if seconds is not None:
            found.append(Earlier(one.at, seconds, one.holds))
        if len(found) == MOST_IN_TREND:
            break
    return tuple(reversed(found))
