"""One backup set in full: its parts, what of it was new, who can open it, its proofs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries import backups, findings
from schoolkeeper.controlroom.queries.backups import SetRow
from schoolkeeper.controlroom.queries.findings import FindingRow
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import EvidenceRecord, StepRecord
from schoolkeeper.reporting.proof.reading import number

_TAKE = "take:"


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of a set. `in_full` says why nothing of an earlier set could be used, "" when it was."""

    name: str
    holds: str
    new_bytes: float | None
    in_full: str


@dataclass(frozen=True, slots=True)
class Opener:
    """A key that opens the sets; `warning` is what the last proof says about whoever keeps it."""

    key: str
    store: str
    warning: str

    @property
    def short(self) -> str:
        return f"{self.key[:14]}…{self.key[-6:]}"


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    version: str


def find(system: str, key: str, names: Names) -> SetRow | None:
    """The newest record of a set; one that was removed is still told of."""
    record = EvidenceRecord.objects.filter(system=system, kind="backup-set", key=key).order_by("-at").first()
    return backups.rows([record], names)[0] if record else None


def parts(row: SetRow) -> list[PartRow]:
    """Part by part what the run that took the set said of its steps."""
    steps = StepRecord.objects.filter(run=row.run, key__startswith=_TAKE, result__isnull=False)
    why = row.data.get("full_because")
    return [_part(step, why if isinstance(why, dict) else {}) for step in steps]


def _part(step: StepRecord, why: Mapping[str, Any]) -> PartRow:
    name, result = step.key.removeprefix(_TAKE), step.result or {}
    counted = [(one, count) for one in wording.COUNTED if (count := number(result, one)) is not None]
    return PartRow(name, wording.counts(counted), number(result, "new_bytes"), str(why.get(name, "")))


def remarks(row: SetRow) -> Iterator[str]:
    """What a person should know about how the set was taken."""
    for name, says in (
        ("changed", "{} changed while they were being saved, so their content may be of two moments."),
        ("vanished", "{} went away while they were being saved."),
        ("outside", "{} lead out of the saved folders; what they lead to is not in the backup."),
    ):
        if count := round(number(row.data, name) or 0):
            yield says.format(wording.plural(count, "link" if name == "outside" else "file"))
    if tables := row.data.get("not_transactional"):
        yield (
            f"{wording.plural(len(tables), 'table')} cannot be saved as of one moment: "
            "what was written to them meanwhile may be half in the backup."
        )


def openers(system: str, warnings: Sequence[FindingRow]) -> list[Opener]:
    """The keys that the definition names now, with what is known about them."""
    definition = SystemRecord.objects.filter(slug=system).values_list("definition", flat=True).first() or {}
    told = {finding.subject: finding.says for finding in warnings}
    return [
        Opener(key, name, told.get(key, ""))
        for name, part in definition.get("components", {}).items()
        if part.get("kind") == "store"
        for key in part.get("recipients", ())
    ]


def versions(row: SetRow, proofs: Sequence[backups.ProofRow]) -> list[Version]:
    """What the set itself says it was made with, else what its newest proof says."""
    own = row.reading.versions or next((one.reading.versions for one in proofs if one.reading.versions), ())
    return [Version(wording.VERSIONED.get(name, name), version) for name, version in own]


def about(system: str, key: str, runs: Sequence[int], names: Names) -> list[FindingRow]:
    """Open findings about this set, and about the keys that open it."""
    about_it = Q(subject__startswith=key) | Q(run__in=runs) | Q(code="backup.drill.key_not_checked")
    records = open_findings().filter(system=system, task__startswith="backup.").filter(about_it)
    return findings.rows(records, names)


def taken_by(row: SetRow) -> datetime | None:
    """When the set was complete."""
    completed = row.data.get("completed_at")
    try:
        at = datetime.fromisoformat(completed) if isinstance(completed, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
