"""What the API tells of the programme, of freezes and windows, and of who decides."""

from datetime import datetime
from typing import Any

from ninja import Schema

from schoolkeeper.api.answers import StepAnswer, WallClock
from schoolkeeper.calendars.models import Freeze, Override, Window
from schoolkeeper.engine.approvals import takes_two
from schoolkeeper.engine.models import Approval
from schoolkeeper.kernel.spec import Risk


class EntryAnswer(Schema):
    """A task or duty in the programme of a system. `at` is the wall clock's time in `zone`; `changed` names the
    fields that somebody set, the others are as usual."""

    system: str
    task: str
    title: str
    by_people: bool
    rule: str
    at: WallClock
    zone: str
    options: dict[str, Any]
    owner: str
    deputy: str
    priority: int
    late_after_minutes: int
    missed_after_minutes: int
    catch_up: str
    changed: list[str]
    paused: bool
    paused_by: str
    pause_reason: str
    next_at: datetime | None


class OccurrenceAnswer(Schema):
    """One due time of one entry; `state` is due, running, done, late, missed or waived.

    `is_late` says that it should be over by now, or was over too late.
    """

    id: int
    system: str
    task: str
    title: str
    by_people: bool
    owner: str
    deputy: str
    zone: str
    due_at: datetime
    not_before: datetime
    late_at: datetime
    missed_at: datetime
    state: str
    is_late: bool
    cause: str
    reason: str
    says: str
    waived_by: str
    run: int | None
    started_at: datetime | None
    ended_at: datetime | None
    caught_up_by: int | None


class AgendaAnswer(Schema):
    """What is next, what should be over by now, and what was missed and nobody has dealt with."""

    next: list[OccurrenceAnswer]
    late: list[OccurrenceAnswer]
    missed: list[OccurrenceAnswer]


class LimitAnswer(Schema):
    """So many runs of the programme at a time; `made_by` is empty for what is usual."""

    scope: str
    name: str
    runs: int
    made_by: str
    made_at: datetime | None


class FreezeAnswer(Schema):
    """A time in which an ERP is not to be changed; system and institution both empty: all."""

    id: int
    kind: str
    title: str
    system: str
    institution: str
    starts_at: datetime
    ends_at: datetime
    made_by: str
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str

    @classmethod
    def of(cls, row: Freeze) -> "FreezeAnswer":
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class OverrideAnswer(Schema):
    """Leave to change a system in spite of a freeze; it counts once somebody other than `asked_by` granted it."""

    id: int
    system: str
    task: str
    reason: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    granted_by: str
    granted_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    end_reason: str

    @classmethod
    def of(cls, row: Override) -> "OverrideAnswer":
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class WindowAnswer(Schema):
    """A time in which an ERP may be disturbed; `state` is planned, open, overrun, over or cancelled."""

    id: int
    title: str
    system: str
    institution: str
    starts_at: datetime
    ends_at: datetime
    allows: str
    says: str
    state: str
    made_by: str
    cancel_reason: str

    @classmethod
    def of(cls, row: Window, now: datetime) -> "WindowAnswer":
        names = cls.model_fields.keys() - {"allows", "state"}
        values = {name: getattr(row, name) for name in names}
        return cls(**values, allows=Risk(row.allows).name.lower(), state=row.state_at(now))


class WaitingAnswer(Schema):
    """A run that waits for approval, with its plan."""

    run: int
    system: str
    task: str
    requested_by: str
    occasion: str
    four_eyes: bool
    requested_at: datetime
    expires_at: datetime
    steps: list[StepAnswer]

    @classmethod
    def of(cls, approval: Approval) -> "WaitingAnswer":
        run = approval.run
        return cls(
            run=run.pk,
            system=run.system,
            task=run.task,
            requested_by=run.requested_by,
            occasion=run.occasion,
            four_eyes=takes_two(run),
            requested_at=approval.requested_at,
            expires_at=approval.expires_at,
            steps=[StepAnswer.of(step) for step in run.steps.all()],
        )


class DelegationAnswer(Schema):
    """While `of` is away, `to` decides in their stead."""

    id: int
    of: str
    to: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str
    ended_at: datetime | None


class FeedAnswer(Schema):
    """A calendar feed of an institution or of a person."""

    id: int
    institution: str
    person: str
    daily: bool
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


class NewFeedAnswer(FeedAnswer):
    """The same with its address, which is shown this once."""

    address: str
