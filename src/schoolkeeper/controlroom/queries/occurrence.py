"""One occurrence in full: how it stands, what came of it, and what may be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schoolkeeper.controlroom.describe import Row
from schoolkeeper.controlroom.queries import occurrences, run
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.occurrences import OccurrenceRow
from schoolkeeper.controlroom.queries.runs import RunRow
from schoolkeeper.controlroom.queries.runs import row as run_row
from schoolkeeper.programme import attachments
from schoolkeeper.programme.models import Attachment, Occurrence, SignOff
from schoolkeeper.records.models import EvidenceRecord

_WITH = ("entry", "run", "caught_up_by", "caught_up_by__entry", "catches_up", "catches_up__entry", "sign_off")


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A file that proves a duty; `is_intact` is False when it is gone or not as it was attached."""

    record: Attachment
    is_intact: bool


@dataclass(frozen=True, slots=True)
class InFull:
    """`catches_up` is the missed one that this one makes good; `caught_up_by` the other way round."""

    record: Occurrence
    line: OccurrenceRow
    run: RunRow | None
    evidence: Sequence[tuple[EvidenceRecord, tuple[Row, ...]]]
    catches_up: OccurrenceRow | None
    caught_up_by: OccurrenceRow | None
    sign_off: SignOff | None
    attachments: Sequence[AttachmentRow]

    @property
    def can_be_waived(self) -> bool:
        return self.record.state in (Occurrence.State.DUE, Occurrence.State.MISSED)

    @property
    def can_be_caught_up(self) -> bool:
        return self.record.state == Occurrence.State.MISSED and self.record.caught_up_by_id is None


def find(pk: int, home: Path, names: Names, now: datetime) -> InFull | None:
    """The occurrence of this number."""
    record = (
        Occurrence.objects.select_related(*_WITH)
        .defer("run__facts_before", "run__facts_after")
        .filter(pk=pk)
        .first()
    )
    if record is None:
        return None
    other = getattr(record, "catches_up", None)
    proofs = Attachment.objects.filter(occurrence=record) if record.entry.by_people else ()
    return InFull(
        record=record,
        line=occurrences.row(record, names, now),
        run=run_row(record.run, names) if record.run else None,
        evidence=run.evidence(record.run) if record.run else (),
        catches_up=occurrences.row(other, names, now) if other else None,
        caught_up_by=occurrences.row(record.caught_up_by, names, now) if record.caught_up_by else None,
        sign_off=getattr(record, "sign_off", None),
        attachments=[AttachmentRow(one, attachments.is_intact(home, one)) for one in proofs],
    )
