"""Backup sets and what proves that they restore: from the records, so that it works while the store is away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.verifications import Verification, newest_verifications
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.records.models import EvidenceRecord, StepRecord
from schoolkeeper.records.sets import MAIN_STORE, removals
from schoolkeeper.reporting.proof.reading import Reading, read


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One attempt to restore a set."""

    pk: int
    at: datetime
    holds: bool
    says: str
    run: int
    reading: Reading

    @property
    def word(self) -> Word:
        return wording.RESTORES if self.holds else wording.RESTORES_NOT

    @property
    def recovery(self) -> timedelta | None:
        """What a real recovery would have taken."""
        return _length(self.reading.recovery_seconds)

    @property
    def whole(self) -> timedelta | None:
        """What the whole proof took."""
        return _length(self.reading.total_seconds)

    @property
    def compared(self) -> str:
        return wording.counts(self.reading.counts)


@dataclass(frozen=True, slots=True)
class SetRow:
    """One backup set with its newest proof, None while nobody has tried to restore it.

    `removed_at` is when the rule of retention took it away; `read_back` is what the newest reading of the store
    says of it.
    """

    system: SystemName
    key: str
    taken_at: datetime
    kept_at: datetime
    holds: bool
    says: str
    run: int
    reading: Reading
    data: Mapping[str, Any]
    proof: ProofRow | None
    removed_at: datetime | None
    read_back: Word
    read_back_at: datetime | None

    @property
    def amounts(self) -> str:
        """What it holds, such as "24 tables, 612 files"; "" where the record does not say."""
        return wording.counts(self.reading.counts)

    @property
    def proof_word(self) -> Word:
        return self.proof.word if self.proof else wording.NEVER_TRIED

    @property
    def store_word(self) -> Word:
        return wording.REMOVED if self.removed_at else self.read_back

    @property
    def is_sound(self) -> bool:
        return self.holds and self.removed_at is None


def listed(system: str = "", *, removed: bool = False) -> QuerySet[EvidenceRecord]:
    """The records of sets, newest first: of one system or of all, those that were removed only if asked for."""
    records = EvidenceRecord.objects.filter(kind="backup-set").order_by("-at")
    if system:
        records = records.filter(system=system)
    if removed:
        return records
    gone = _removals().values_list(KeyTextTransform("set", "action__arguments"), flat=True)
    return records.exclude(key__in=gone.filter(run__system=system) if system else gone)


def sets_of(system: str, names: Names, limit: int = 10) -> list[SetRow]:
    """The newest sets of one system that are still there."""
    return rows(list(listed(system)[:limit]), names)


def rows(records: Sequence[EvidenceRecord], names: Names) -> list[SetRow]:
    """Lines for these sets; all that belongs to them comes by a fixed number of queries."""
    keys, systems = {record.key for record in records}, {record.system for record in records}
    newest: dict[tuple[str, str], ProofRow] = {}
    for proof in EvidenceRecord.objects.filter(system__in=systems, kind="proof", key__in=keys).order_by("at"):
        newest[proof.system, proof.key] = proof_row(proof)
    gone = removed_at(systems, keys)
    readings = newest_verifications(systems, MAIN_STORE)
    return [
        _row(
            record,
            newest.get((record.system, record.key)),
            names,
            gone.get((record.system, record.key)),
            readings.get(record.system),
        )
        for record in records
    ]


def proof_row(record: EvidenceRecord) -> ProofRow:
    return ProofRow(record.pk, record.at, record.holds, record.says, record.run_id, read(record.data))


def proofs_of(system: str, key: str) -> list[ProofRow]:
    """Every attempt to restore one set, newest first."""
    records = EvidenceRecord.objects.filter(system=system, kind="proof", key=key).order_by("-at")
    return [proof_row(record) for record in records]


def _removals() -> QuerySet[StepRecord]:
    """The steps that took a set away from the main store."""
    return removals().filter(state=StepRecord.State.DONE)


def removed_at(systems: Iterable[str], keys: Iterable[str]) -> dict[tuple[str, str], datetime | None]:
    """When the rule of retention took sets away from the main store, by system and set."""
    steps = _removals().filter(run__system__in=systems, action__arguments__set__in=list(keys))
    found = steps.values_list("run__system", "action__arguments__set", "ended_at")
    return {(system, key): at for system, key, at in found}


def _row(
    record: EvidenceRecord,
    proof: ProofRow | None,
    names: Names,
    removed_at: datetime | None,
    verification: Verification | None,
) -> SetRow:
    reading = read(record.data)
    covers = verification is not None and verification.at >= record.at
    return SetRow(
        system=names[record.system],
        key=record.key,
        taken_at=reading.taken_at or record.at,
        kept_at=record.at,
        holds=record.holds,
        says=record.says,
        run=record.run_id,
        reading=reading,
        data=record.data,
        proof=proof,
        removed_at=removed_at,
        read_back=verification.word_for(record.key) if verification and covers else wording.NOT_READ_BACK,
        read_back_at=verification.at if verification and covers else None,
    )


def _length(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
