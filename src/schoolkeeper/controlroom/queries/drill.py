"""A rehearsal of a recovery, as it goes on and as it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.dateparse import parse_duration

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.backups import ProofRow, proof_row
from schoolkeeper.controlroom.queries.run import StepRow
from schoolkeeper.controlroom.queries.standing import DEFAULT_RTO
from schoolkeeper.controlroom.wording import Tone, Word
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.models import EvidenceRecord, Run
from schoolkeeper.reporting.proof.reading import Reading, number

TASK = "backup.drill"


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase. `percent` is its length beside the longest; `found` is "" while nobody has looked."""

    position: int
    name: str
    says: str
    word: Word | None
    started_at: datetime | None
    seconds: float | None
    counted: str
    found: str
    note: str
    is_checking: bool
    percent: int = 0

    @property
    def length(self) -> timedelta | None:
        return None if self.seconds is None else timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Drill:
    """`proof` is None as long as the run has not said whether the set restores; `set` is which one it tries."""

    set: str
    phases: Sequence[PhaseRow]
    proof: ProofRow | None
    rto: timedelta
    age: timedelta | None

    @property
    def tone(self) -> Tone:
        """How a recovery of that length stands against the target."""
        if self.proof is None or self.proof.recovery is None:
            return "unknown"
        return "good" if self.proof.recovery <= self.rto else "warn"


def drill(run: Run, steps: Sequence[StepRow]) -> Drill:
    """The phases of a run, and its verdict."""
    record = EvidenceRecord.objects.filter(run=run, kind="proof").first()
    rto = SystemRecord.objects.filter(slug=run.system).values_list("definition__rto", flat=True).first()
    proof = proof_row(record) if record else None
    taken_at = proof.reading.taken_at if proof else None
    return Drill(
        set=record.key if record else next((step.set for step in steps if step.set), run.options.get("set", "")),
        phases=_with_bars([_of_step(step, record.holds if record else None) for step in steps]),
        proof=proof,
        rto=parse_duration(rto or "") or DEFAULT_RTO,
        age=proof.at - taken_at if proof and taken_at else None,
    )


def phases_of(reading: Reading) -> list[PhaseRow]:
    """The phases that a proof tells of."""
    found = [
        PhaseRow(
            position=position,
            name=wording.phase(phase.name),
            says="",
            word=None,
            started_at=None,
            seconds=phase.seconds,
            counted="",
            found="",
            note=f"Not done: {phase.skipped}" if phase.skipped else "",
            is_checking=phase.name in wording.CHECKING_PHASES,
        )
        for position, phase in enumerate(reading.phases, start=1)
    ]
    return _with_bars(found)


def _of_step(step: StepRow, holds: bool | None) -> PhaseRow:
    """`holds` is the verdict, None as long as there is none: only it tells whether what was found is a fault."""
    result = step.data
    counted = [(name, count) for name in wording.COUNTED if (count := number(result, name)) is not None]
    found = number(result, "faults")
    failed = holds is False and bool(found)
    measured = number(result, "seconds")
    if measured is None and step.duration is not None:
        measured = step.duration.total_seconds()
    return PhaseRow(
        position=step.position,
        name=wording.phase(step.key),
        says=step.says,
        word=wording.FAULTS_FOUND if failed else step.word,
        started_at=step.started_at if step.is_running else None,
        seconds=measured,
        counted=wording.counts(counted),
        found="" if found is None else _found(round(found), holds),
        note=step.error,
        is_checking=step.key.replace("_", " ") in wording.CHECKING_PHASES,
    )


def _found(count: int, holds: bool | None) -> str:
    if not count:
        return "nothing wrong"
    return wording.plural(count, "thing to tell", "things to tell") if holds else f"{count:,} found, see below"


def _with_bars(phases: Sequence[PhaseRow]) -> list[PhaseRow]:
    longest = max((phase.seconds or 0 for phase in phases), default=0) or 1
    return [replace(phase, percent=max(round(100 * (phase.seconds or 0) / longest), 1)) for phase in phases]
