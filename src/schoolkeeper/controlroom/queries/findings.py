"""Findings as lines of a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.tasks import spec_of, title_of_code
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import NOT_IN_RUNBOOKS
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import FindingRecord, Silence


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One life of one finding. `runbook` is the anchor in its task's runbook, "" without one."""

    pk: int
    system: SystemName
    level: int
    task: str
    code: str
    title: str
    subject: str
    says: str
    hint: str
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    resolved_at: datetime | None
    run: int | None
    runbook: str
    silence: Silence | None

    @property
    def is_missed(self) -> bool:
        """Whether it says that something was due and did not happen."""
        return self.code == f"{self.task}.missed"


def anchor(code: str) -> str:
    """The id of a code's section in a rendered runbook."""
    return code.replace(".", "-")


def rows(records: Iterable[FindingRecord], names: Names) -> list[FindingRow]:
    """Lines for these records, with the silences that cover them (one query)."""
    listed = list(records)
    silences = _silences({record.system for record in listed})
    return [_row(record, names, silences) for record in listed]


def matching(wanted: Mapping[str, str]) -> QuerySet[FindingRecord]:
    """Findings by `state` (open, silenced, resolved), `system` and `level`; empty values do not restrict."""
    records: QuerySet[Any, Any] = open_findings()
    match wanted.get("state"):
        case "silenced":
            records = records.filter(silenced=True)
        case "resolved":
            records = FindingRecord.objects.filter(resolved_at__isnull=False).order_by("-resolved_at")
        case _:
            records = records.filter(silenced=False)
    if system := wanted.get("system"):
        records = records.filter(system=system)
    if (level := wanted.get("level", "")).upper() in Level.__members__:
        records = records.filter(level=Level[level.upper()])
    return records


def open_of(system: str, names: Names) -> list[FindingRow]:
    """All open findings of a system, worst first, silenced ones last."""
    found = rows(open_findings().filter(system=system), names)
    return sorted(found, key=lambda row: row.silence is not None)


_Covered = tuple[str, str, str | None]
"""System, code and subject; None stands for every subject."""


def _silences(systems: Iterable[str]) -> dict[_Covered, Silence]:
    active = Silence.objects.filter(Q(system__in=systems), until__gt=Now()).order_by("until")
    return {(one.system, one.code, None if one.every_subject else one.subject): one for one in active}


def _row(record: FindingRecord, names: Names, silences: Mapping[_Covered, Silence]) -> FindingRow:
    spec = spec_of(record.task)
    one = silences.get((record.system, record.code, record.subject))
    return FindingRow(
        pk=record.pk,
        system=names[record.system],
        level=record.level,
        task=record.task,
        code=record.code,
        title=title_of_code(record.task, record.code),
        subject=record.subject,
        says=record.says,
        hint=record.hint,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        times_seen=record.times_seen,
        resolved_at=record.resolved_at,
        run=record.run_id,
        runbook=anchor(record.code) if spec and record.code.rpartition(".")[2] not in NOT_IN_RUNBOOKS else "",
        silence=one or silences.get((record.system, record.code, None)),
    )
