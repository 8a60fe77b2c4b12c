"""Backup sets and what proves that they restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schoolkeeper.controlroom.describe import Row, describe
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.records.models import EvidenceRecord


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One attempt to restore a set."""

    at: datetime
    holds: bool
    says: str
    run: int


@dataclass(frozen=True, slots=True)
class SetRow:
    """One backup set with its newest proof, None while nobody has tried to restore it."""

    system: SystemName
    key: str
    taken_at: datetime
    holds: bool
    says: str
    run: int
    details: tuple[Row, ...]
    proof: ProofRow | None


def sets_of(system: str, names: Names, limit: int = 10) -> list[SetRow]:
    """The newest sets of one system."""
    records = EvidenceRecord.objects.filter(system=system, kind="backup-set").order_by("-at")
    return rows(list(records[:limit]), names)


def rows(records: Sequence[EvidenceRecord], names: Names) -> list[SetRow]:
    """Lines for these sets; all their proofs come by one query."""
    proofs: dict[tuple[str, str], EvidenceRecord] = {}
    wanted = {record.key for record in records}
    systems = {record.system for record in records}
    known = EvidenceRecord.objects.filter(system__in=systems, kind="proof", key__in=wanted).order_by("at")
    for proof in known:
        proofs[proof.system, proof.key] = proof
    return [_row(record, proofs.get((record.system, record.key)), names) for record in records]


def _row(record: EvidenceRecord, proof: EvidenceRecord | None, names: Names) -> SetRow:
    return SetRow(
        system=names[record.system],
        key=record.key,
        taken_at=record.at,
        holds=record.holds,
        says=record.says,
        run=record.run_id,
        details=describe(record.data),
        proof=ProofRow(proof.at, proof.holds, proof.says, proof.run_id) if proof else None,
    )
