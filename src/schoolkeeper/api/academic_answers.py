"""What the API tells of academic calendars, of windows that repeat, and of quiet hours."""

from datetime import datetime, timedelta

from ninja import Schema

from schoolkeeper.api.answers import WallClock
from schoolkeeper.calendars.academic.rules import Rule
from schoolkeeper.calendars.academic.sources import level_of
from schoolkeeper.calendars.models import CalendarSource, WindowSeries
from schoolkeeper.controlroom.queries.academic import place_of
from schoolkeeper.kernel.spec import Risk

_HOUR = timedelta(hours=1)


class SourceAnswer(Schema):
    """A calendar; `level` is ok or unknown, and `says` why. Of an address only the machine is told."""

    id: int
    title: str
    institution: str
    read_from: str
    level: str
    says: str
    read_at: datetime | None

    @classmethod
    def of(cls, row: CalendarSource, now: datetime) -> "SourceAnswer":
        level, says = level_of(row, now)
        told = {name: getattr(row, name) for name in ("title", "institution", "read_at")}
        return cls(id=row.pk, read_from=place_of(row), level=level.name.lower(), says=says, **told)


class EventAnswer(Schema):
    """An event; `freeze` is hard, soft or empty, `lifted` that a person lifted it; `source` is empty by hand."""

    id: int
    title: str
    institution: str
    category: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    source: str
    freeze: str
    lifted: bool


class RuleAnswer(Schema):
    """How a kind of event is treated; `kind` is hard, soft or none."""

    category: str
    kind: str
    hours_before: int
    hours_after: int
    is_usual: bool

    @classmethod
    def of(cls, category: str, rule: Rule) -> "RuleAnswer":
        return cls(
            category=category,
            kind=rule.kind or "none",
            hours_before=rule.before // _HOUR,
            hours_after=rule.after // _HOUR,
            is_usual=rule.is_usual,
        )


class SeriesAnswer(Schema):
    """Windows that repeat; `at` is the wall clock's time in `zone`."""

    id: int
    title: str
    system: str
    institution: str
    rule: str
    at: WallClock
    zone: str
    minutes: int
    allows: str
    says: str
    reason: str
    made_by: str
    ended_at: datetime | None

    @classmethod
    def of(cls, row: WindowSeries) -> "SeriesAnswer":
        values = {name: getattr(row, name) for name in cls.model_fields.keys() - {"allows"}}
        return cls(**values, allows=Risk(row.allows).name.lower())


class ProposalAnswer(Schema):
    """The quietest stretch that begins on a weekday; 0 is Monday."""

    weekday: int
    at: WallClock
    minutes: int
    zone: str
    share_percent: float
    is_quietest: bool
    reason: str


class QuietestAnswer(Schema):
    """Each hour's share of a week's activity, seven rows from Monday; none where `unknown` says why."""

    zone: str
    seen_at: datetime | None
    share_percent: list[list[float]]
    unknown: str
    proposals: list[ProposalAnswer]
