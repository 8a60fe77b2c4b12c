"""The academic calendar: where it is read from, its events, and the rules by which they freeze."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from ninja.params import functions
from pydantic import Field

from schoolkeeper.api.academic_answers import EventAnswer, RuleAnswer, SourceAnswer
from schoolkeeper.api.access import may, who
from schoolkeeper.api.inputs import Moment, Name, NameFilter, Number, Reason, Text
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.calendars import scope
from schoolkeeper.calendars.academic import events, freezing, reading, rules, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource
from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.queries.academic import told

router = Router(tags=["calendar"])
MOST = 500
Category = Literal["term", "exams", "enrolment", "results", "holiday", "other"]
Days = Annotated[int, functions.Query(366, ge=1, le=730)]
Content = Annotated[str, Field(max_length=900_000, pattern=r"^[^\u0000]*$")]


class SourceRequest(Schema):
    """An address, the text of an iCalendar file, or a country: exactly one of the three."""

    title: Name
    institution: Name = ""
    address: Text = ""
    content: Content = ""
    country: Annotated[str, Field(max_length=2, pattern=r"^[A-Za-z]*$")] = ""
    subdivision: Annotated[str, Field(max_length=10, pattern=r"^[A-Za-z0-9-]*$")] = ""


class EventRequest(Schema):
    """An event that no calendar has; a whole day lasts from midnight to midnight."""

    title: Name
    category: Category
    starts_at: Moment
    ends_at: Moment
    all_day: bool = False
    institution: Name = ""


class EventChange(Schema):
    """What of an event is to be otherwise; the rest stays. A part that is given has a value."""

    title: Name | None = None
    category: Category | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    all_day: bool | None = None


class Newer(Schema):
    """The text of a newer iCalendar file."""

    content: Content


class Correction(Schema):
    """What kind an event and all its repetitions really are."""

    category: Category


class RuleRequest(Schema):
    """How a kind of event is treated; `kind` none is no freeze, and usual is what is usual again."""

    institution: Name = ""
    category: Category
    kind: Literal["hard", "soft", "none", "usual"]
    hours_before: int = 0
    hours_after: int = 0


@router.get("/calendars", response={200: list[SourceAnswer], **PROBLEMS})
def all_sources(request: HttpRequest, institution: NameFilter) -> Any:
    """Where calendars are read from, and how far to trust each; of all, or those that an institution follows."""
    may(request, roles.SEE)
    rows = CalendarSource.objects.all()
    if institution:
        scope.check("calendar", institution=institution)
        rows = rows.filter(institution__in={institution, ""})
    now = timezone.now()
    return [SourceAnswer.of(row, now) for row in rows[:MOST]]


@router.post("/calendars", response={201: SourceAnswer, **PROBLEMS})
def add(request: HttpRequest, body: SourceRequest) -> Any:
    """Add a calendar. It is read within a minute; ask for it at once with `read`."""
    may(request, roles.FREEZE)
    scope.check("calendar source", institution=body.institution)
    now = timezone.now()
    return Status(201, SourceAnswer.of(sources.add(**body.model_dump(), by=who(request), now=now), now))


@router.post("/calendars/{number}/read", response={200: SourceAnswer, **PROBLEMS})
def read(request: HttpRequest, number: Number) -> Any:
    """Read a calendar now. One that cannot be read is UNKNOWN and keeps its events."""
    may(request, roles.PLAN)
    now, pk = timezone.now(), row_of(CalendarSource, number).pk
    return SourceAnswer.of(reading.read(pk, now), now)


@router.post("/calendars/{number}/replace", response={200: SourceAnswer, **PROBLEMS})
def replace(request: HttpRequest, number: Number, body: Newer) -> Any:
    """Put a newer text in the place of an uploaded one; corrections of kinds hold."""
    may(request, roles.FREEZE)
    now, pk = timezone.now(), row_of(CalendarSource, number).pk
    sources.replace(pk, body.content, by=who(request), now=now)
    return SourceAnswer.of(reading.read(pk, now), now)


@router.post("/calendars/{number}/remove", response={204: None, **PROBLEMS})
def remove(request: HttpRequest, number: Number, body: Reason) -> Any:
    """Remove a calendar with its events and their freezes, for a reason."""
    may(request, roles.FREEZE)
    pk = row_of(CalendarSource, number).pk
    sources.remove(pk, by=who(request), reason=body.reason, now=timezone.now())
    return Status(204, None)


@router.get("/events", response={200: list[EventAnswer], **PROBLEMS})
def all_events(request: HttpRequest, institution: NameFilter, days: Days) -> Any:
    """What comes at an institution, its own and everybody's, with what each event freezes."""
    may(request, roles.SEE)
    scope.check("calendar", institution=institution)
    now = timezone.now()
    return [told(row) for row in events.between(institution, now, now + timedelta(days=days))[:MOST]]


@router.post("/events", response={201: EventAnswer, **PROBLEMS})
def enter(request: HttpRequest, body: EventRequest) -> Any:
    """Enter an event that no calendar has. What it freezes follows the rule for its kind."""
    may(request, roles.FREEZE)
    scope.check("event", institution=body.institution)
    made = events.add(**body.model_dump(), by=who(request), now=timezone.now())
    return Status(201, told(row_of(AcademicEvent, made.pk)))


@router.patch("/events/{number}", response={200: EventAnswer, **PROBLEMS})
def change(request: HttpRequest, number: Number, body: EventChange) -> Any:
    """Change an event that was entered by hand; its freeze follows."""
    may(request, roles.FREEZE)
    pk = row_of(AcademicEvent, number).pk
    events.change(pk, body.model_dump(exclude_none=True), by=who(request), now=timezone.now())
    return told(row_of(AcademicEvent, pk))


@router.post("/events/{number}/correct", response={200: EventAnswer, **PROBLEMS})
def correct(request: HttpRequest, number: Number, body: Correction) -> Any:
    """Say what kind an event and all its repetitions are, however often its calendar is read."""
    may(request, roles.FREEZE)
    pk = row_of(AcademicEvent, number).pk
    events.correct(pk, body.category, by=who(request), now=timezone.now())
    return told(row_of(AcademicEvent, pk))


@router.post("/events/{number}/remove", response={204: None, **PROBLEMS})
def take_away(request: HttpRequest, number: Number) -> Any:
    """Take away an event that was entered by hand, with its freeze."""
    may(request, roles.FREEZE)
    events.remove(row_of(AcademicEvent, number).pk, by=who(request), now=timezone.now())
    return Status(204, None)


@router.get("/freeze-rules", response={200: list[RuleAnswer], **PROBLEMS})
def all_rules(request: HttpRequest, institution: NameFilter) -> Any:
    """How each kind of event is treated at an institution."""
    may(request, roles.SEE)
    scope.check("freeze rule", institution=institution)
    return [RuleAnswer.of(category, rule) for category, rule in rules.rules_of(institution).items()]


@router.put("/freeze-rules", response={200: list[RuleAnswer], **PROBLEMS})
def treat(request: HttpRequest, body: RuleRequest) -> Any:
    """Say how a kind of event is treated; freezes that are not over follow."""
    may(request, roles.FREEZE)
    scope.check("freeze rule", institution=body.institution)
    given = body.model_dump(exclude={"kind"})
    by: dict[str, Any] = {"by": who(request), "now": timezone.now()}
    if body.kind == "usual":
        freezing.reset_rule(body.institution, body.category, **by)
    else:
        freezing.set_rule(**given, kind="" if body.kind == "none" else body.kind, **by)
    return [RuleAnswer.of(category, rule) for category, rule in rules.rules_of(body.institution).items()]
