"""Windows that repeat, moving single ones, and when changes disturb least."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from ninja.params import functions
from pydantic import Field

from schoolkeeper.api.academic_answers import ProposalAnswer, QuietestAnswer, SeriesAnswer
from schoolkeeper.api.access import may, who
from schoolkeeper.api.answers import WallClock
from schoolkeeper.api.inputs import Moment, Name, Number, Reason, Slug, SystemFilter, Text
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.api.programme_answers import WindowAnswer
from schoolkeeper.calendars import scope, series, windows
from schoolkeeper.calendars.models import Window, WindowSeries
from schoolkeeper.controlroom import roles
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme.quietest import choosing
from schoolkeeper.programme.quietest.heat import heat_of
from schoolkeeper.programme.quietest.proposing import propose

router = Router(tags=["windows"])
MOST = 500
Length = Annotated[int, functions.Query(120, ge=series.SHORTEST_MINUTES, le=1440)]
Minutes = Annotated[int, Field(ge=series.SHORTEST_MINUTES, le=series.LONGEST_MINUTES)]
Allows = Literal["routine", "disruptive", "destructive"]


class SeriesRequest(Schema):
    """Windows of a system, of an institution, or (with neither) of everything; `at` is by the clock of `zone`."""

    title: Name
    rule: Name
    at: WallClock
    zone: Name
    minutes: Minutes
    allows: Allows = "disruptive"
    says: Text = ""
    reason: Text = ""
    system: Name = ""
    institution: Name = ""


class SeriesChange(Schema):
    """Fields of a series to be set; what is not named stays."""

    title: Name = ""
    rule: Name = ""
    at: WallClock | None = None
    zone: Name = ""
    minutes: Minutes | None = None
    allows: Allows | None = None
    says: Text | None = None
    reason: Text | None = None


class Times(Schema):
    """When a window happens instead."""

    starts_at: Moment
    ends_at: Moment


class Choice(Schema):
    """A proposal to be planned each week; without `weekday` (0 is Monday) the quietest of all."""

    minutes: Minutes = 120
    weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    title: Name = "Maintenance"
    allows: Allows = "disruptive"
    says: Text = ""


@router.post("/windows/{number}/move", response={200: WindowAnswer, **PROBLEMS})
def move(request: HttpRequest, number: Number, body: Times) -> Any:
    """Let a single window that has not begun happen at another time."""
    may(request, roles.PLAN)
    now, pk = timezone.now(), row_of(Window, number).pk
    return WindowAnswer.of(windows.move(pk, **body.model_dump(), by=who(request), now=now), now)


@router.get("/window-series", response={200: list[SeriesAnswer], **PROBLEMS})
def all_series(request: HttpRequest, system: SystemFilter) -> Any:
    """Windows that repeat and go on, of all systems or of one."""
    may(request, roles.SEE)
    rows = series.of(find(system)) if system else WindowSeries.objects.filter(ended_at=None)
    return [SeriesAnswer.of(row) for row in rows[:MOST]]


@router.post("/window-series", response={201: SeriesAnswer, **PROBLEMS})
def begin(request: HttpRequest, body: SeriesRequest) -> Any:
    """Plan windows that repeat; they are made a year ahead."""
    may(request, roles.PLAN)
    scope.check("window series", body.system, body.institution)
    given = body.model_dump() | {"allows": Risk[body.allows.upper()]}
    return Status(201, SeriesAnswer.of(series.begin(**given, by=who(request), now=timezone.now())))


@router.patch("/window-series/{number}", response={200: SeriesAnswer, **PROBLEMS})
def change(request: HttpRequest, number: Number, body: SeriesChange) -> Any:
    """Change a series; windows that have not begun follow."""
    may(request, roles.PLAN)
    pk = row_of(WindowSeries, number).pk
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if body.allows:
        given["allows"] = Risk[body.allows.upper()]
    return SeriesAnswer.of(series.change(pk, given, by=who(request), now=timezone.now()))


@router.post("/window-series/{number}/end", response={200: SeriesAnswer, **PROBLEMS})
def end(request: HttpRequest, number: Number, body: Reason) -> Any:
    """End a series, for a reason; windows that have not begun are taken away."""
    may(request, roles.PLAN)
    pk = row_of(WindowSeries, number).pk
    return SeriesAnswer.of(series.end(pk, by=who(request), reason=body.reason, now=timezone.now()))


@router.get("/systems/{slug}/quietest", response={200: QuietestAnswer, **PROBLEMS})
def quietest(request: HttpRequest, slug: Slug, minutes: Length) -> Any:
    """How busy each hour of the week is, and the windows of a length that would disturb least."""
    may(request, roles.SEE)
    system = find(slug)
    heat = heat_of(slug, timezone.now(), system.timezone)
    if heat is None:
        unknown = "Nobody has counted yet: run load.activity."
        return QuietestAnswer(zone=system.timezone, seen_at=None, share_percent=[], unknown=unknown, proposals=[])
    offered = propose(heat, minutes)
    best = choosing.quietest(offered) if offered else None
    names = ("weekday", "at", "minutes", "zone", "share_percent", "reason")
    return QuietestAnswer(
        zone=heat.zone,
        seen_at=heat.seen_at,
        share_percent=heat.share_percent,
        unknown=heat.unknown,
        proposals=[
            ProposalAnswer(is_quietest=one is best, **{name: getattr(one, name) for name in names})
            for one in offered
        ],
    )


@router.post("/systems/{slug}/quietest", response={201: SeriesAnswer, **PROBLEMS})
def choose(request: HttpRequest, slug: Slug, body: Choice) -> Any:
    """Plan a window each week where it disturbs least; the series says why it is then."""
    may(request, roles.PLAN)
    given = body.model_dump() | {"allows": Risk[body.allows.upper()]}
    return Status(201, SeriesAnswer.of(choosing.choose(slug, **given, by=who(request), now=timezone.now())))
