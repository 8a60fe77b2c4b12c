"""An institution's academic calendar: its sources, the events of the coming year, and how each kind is treated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Count, Q

from schoolkeeper.calendars.academic import events, rules, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource, FreezeRule
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.paging import Slice, cut
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.estate.models import SystemRecord

EVERYBODY = "Everybody"
YEAR = timedelta(days=366)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source, how far it can be trusted, and where it is read from without what may be secret in it."""

    record: CalendarSource
    word: Word
    says: str
    place: str
    count: int


@dataclass(frozen=True, slots=True)
class RuleRow:
    """How one kind of event is treated, and how many of it come."""

    category: str
    name: str
    kind: str
    hours_before: int
    hours_after: int
    is_own: bool
    is_usual: bool
    count: int


@dataclass(frozen=True, slots=True)
class EventTold:
    """An event as it is told outside of pages; times are UTC. `freeze` is hard, soft, or empty for none, `lifted`
    that a person lifted it; `source` is empty by hand."""

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


def told(row: AcademicEvent) -> EventTold:
    """An event for other programs and the command line."""
    freeze = getattr(row, "freeze", None)
    return EventTold(
        id=row.pk,
        title=row.title,
        institution=row.institution,
        category=row.category,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        source=row.source.title if row.source else "",
        freeze=freeze.kind if freeze else "",
        lifted=freeze is not None and freeze.lifted_at is not None,
    )


def institutions() -> list[str]:
    """Every institution in care or with a calendar, by name; "" is everybody."""
    found = set(SystemRecord.objects.order_by().values_list("institution", flat=True).distinct())
    found |= set(CalendarSource.objects.order_by().values_list("institution", flat=True).distinct())
    return ["", *sorted(found - {""})]


def source_rows(institution: str, now: datetime) -> Sequence[SourceRow]:
    """The sources of an institution and those of everybody."""
    found = CalendarSource.objects.filter(institution__in={institution, ""}).defer("content")
    return [_source(one, now) for one in found.annotate(count=Count("events"))]


def event_rows(institution: str, category: str, page: str, now: datetime) -> Slice[AcademicEvent]:
    """The events of the coming year, the next first; of one kind or of all."""
    found = events.between(institution, now, now + YEAR)
    return cut(found.filter(category=category) if category else found, page)


def rule_rows(institution: str, now: datetime) -> Sequence[RuleRow]:
    """Every kind of event with the rule in force."""
    coming = Q(starts_at__lt=now + YEAR, ends_at__gt=now, institution__in={institution, ""})
    counted: Mapping[str, int] = dict(
        AcademicEvent.objects.filter(coming).order_by().values_list("category").annotate(Count("pk"))
    )
    own = set(FreezeRule.objects.filter(institution=institution).values_list("category", flat=True))
    found = rules.rules_of(institution)
    return [
        RuleRow(
            category=category.value,
            name=str(category.label),
            kind=found[category.value].kind,
            hours_before=found[category.value].before // _HOUR,
            hours_after=found[category.value].after // _HOUR,
            is_own=category.value in own,
            is_usual=found[category.value].is_usual,
            count=counted.get(category.value, 0),
        )
        for category in AcademicEvent.Category
    ]


def place_of(source: CalendarSource) -> str:
    """Where a source is read from. Of an address only the machine: the rest may be a private calendar's secret."""
    if source.country:
        part = f", {source.subdivision}" if source.subdivision else ""
        return f"public holidays of {source.country}{part}"
    if source.address.startswith("/"):
        return f"the file {source.address}"
    return urlsplit(source.address).hostname or "an address" if source.address else "an uploaded file"


def _source(record: CalendarSource, now: datetime) -> SourceRow:
    level, says = sources.level_of(record, now)
    return SourceRow(record, wording.LEVELS[level], says, place_of(record), getattr(record, "count", 0))
