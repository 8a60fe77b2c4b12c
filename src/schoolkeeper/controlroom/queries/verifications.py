"""What the newest reading of a store found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.newest import newest_of
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof.reading import number


@dataclass(frozen=True, slots=True)
class Verification:
    """`objects` were read and compared, `left` were only looked for; `unsound` are sets that cannot be used,
    `gone` those that are missed."""

    at: datetime
    holds: bool
    says: str
    run: int
    objects: int
    left: int
    damaged: int
    unreadable: int
    unsound: frozenset[str]
    gone: frozenset[str]

    @property
    def word(self) -> Word:
        """How the whole store stands."""
        return wording.GONE if self.gone else self._read_word

    @property
    def _read_word(self) -> Word:
        """How what is there stands."""
        if self.damaged or self.unsound:
            return wording.READ_BACK_BAD
        if self.unreadable or not (self.holds or self.gone):
            return wording.READ_BACK_UNKNOWN
        return wording.READ_BACK_PARTLY if self.left else wording.READ_BACK

    def word_for(self, key: str) -> Word:
        """How one set stands. Sets share what is stored, so damage somewhere may be damage to any of them."""
        if key in self.gone:
            return wording.GONE
        if key in self.unsound:
            return wording.READ_BACK_BAD
        return wording.READ_BACK_UNKNOWN if self._read_word.tone == "bad" else self._read_word


def newest_verifications(systems: Iterable[str], store: str) -> dict[str, Verification]:
    """The newest reading of a store of each system that has one."""
    return {slug: _of(record) for slug, record in newest_of("verification", systems, key=store).items()}


def _of(record: EvidenceRecord) -> Verification:
    return Verification(
        at=record.at,
        holds=record.holds,
        says=record.says,
        run=record.run_id,
        objects=_count(record, "objects"),
        left=_count(record, "left_objects"),
        damaged=_count(record, "damaged"),
        unreadable=_count(record, "unreadable"),
        unsound=_names(record, "unsound"),
        gone=_names(record, "gone"),
    )


def _count(record: EvidenceRecord, name: str) -> int:
    return round(number(record.data, name) or 0)


def _names(record: EvidenceRecord, name: str) -> frozenset[str]:
    found = record.data.get(name)
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()
