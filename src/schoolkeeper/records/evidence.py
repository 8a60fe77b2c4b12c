"""Keeping evidence, and asking for the newest."""

from collections.abc import Sequence
from datetime import datetime

from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.records.models import EvidenceRecord, Run


def keep(run: Run, evidence: Sequence[Evidence], at: datetime) -> None:
    """Take down a run's evidence, once: a repeated call changes nothing."""
    EvidenceRecord.objects.bulk_create(
        [
            EvidenceRecord(
                system=run.system,
                run=run,
                at=at,
                kind=one.kind,
                key=one.key,
                holds=one.holds,
                says=one.says,
                data=dict(one.data),
            )
            for one in evidence
        ],
        ignore_conflicts=True,
    )


def newest(system: str, kind: str, *, holds: bool | None = None) -> EvidenceRecord | None:
    """The newest evidence of a kind; with `holds`, the newest that does (or does not)."""
    rows = EvidenceRecord.objects.filter(system=system, kind=kind)
    if holds is not None:
        rows = rows.filter(holds=holds)
    return rows.order_by("-at").first()
