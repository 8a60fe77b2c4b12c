"""What the API gives back. Times are UTC, sizes bytes; fields are added, never renamed."""

from datetime import date, datetime, time
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field, WithJsonSchema

from schoolkeeper.kernel.finding import Level
from schoolkeeper.records.models import EvidenceRecord, FindingRecord, Run, StepRecord

WallClock = Annotated[time, WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"})]
"""A time of day by some clock, such as 02:30; the format "time" of JSON Schema would want an offset."""


class Problem(Schema):
    """Why a request was not carried out, and every fault that it has."""

    detail: str
    faults: list[str] = Field(default_factory=list)


class SystemAnswer(Schema):
    slug: str
    name: str
    institution: str
    profile: str
    environment: str


class TaskAnswer(Schema):
    """A task; `options` is the JSON Schema of what may be given with a run."""

    id: str
    title: str
    summary: str
    risk: str
    undo: str
    needs_approval: bool
    options: dict[str, Any]


class FindingAnswer(Schema):
    system: str
    code: str
    subject: str
    level: str
    says: str
    hint: str
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, row: FindingRecord) -> "FindingAnswer":
        return cls(
            system=row.system,
            code=row.code,
            subject=row.subject,
            level=Level(row.level).name.lower(),
            says=row.says,
            hint=row.hint,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )


class StepAnswer(Schema):
    key: str
    says: str
    state: str
    can_be_taken_back: bool

    @classmethod
    def of(cls, step: StepRecord) -> "StepAnswer":
        return cls(key=step.key, says=step.says, state=step.state, can_be_taken_back=step.inverse is not None)


class RunAnswer(Schema):
    """A run; `steps` is its plan, which a person approves while the state is "waiting"."""

    id: int
    system: str
    task: str
    options: dict[str, Any]
    requested_by: str
    state: str
    outcome: str
    says: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    steps: list[StepAnswer]

    @classmethod
    def of(cls, run: Run) -> "RunAnswer":
        values = {name: getattr(run, name) for name in cls.model_fields if name != "steps"}
        return cls(**values, steps=[StepAnswer.of(step) for step in run.steps.all()])


class EvidenceAnswer(Schema):
    """What a run left to rely on: a backup set, a proof of one; `holds` is the answer."""

    kind: str
    key: str
    holds: bool
    says: str
    at: datetime
    run: int
    data: dict[str, Any]

    @classmethod
    def of(cls, row: EvidenceRecord) -> "EvidenceAnswer":
        return cls(
            kind=row.kind, key=row.key, holds=row.holds, says=row.says, at=row.at, run=row.run_id, data=row.data
        )


class BackupAnswer(Schema):
    """A backup set and the newest proof of it, None when no drill has tried it.

    `removed_at` is when the rule of retention took it away; `missed` says that the newest reading of the store did
    not find it, although no rule of ours took it away. With neither, it should be there.
    """

    set: EvidenceAnswer
    proof: EvidenceAnswer | None
    removed_at: datetime | None
    missed: bool


class StretchAnswer(Schema):
    """A day or a week: what the drill that matters most in it found, and how old the newest sound set got.

    Nulls are what nobody knows: nothing was tried, or there was no set to be old.
    """

    day: date
    restores: bool | None
    recovery_seconds: float | None
    run: int | None
    oldest_seconds: float | None


class TrendAnswer(Schema):
    """Recoveries over time, oldest first, beside the system's own targets."""

    rto_seconds: float
    rpo_seconds: float
    stretches: list[StretchAnswer]
