"""The programme: entries, occurrences, and how much goes on at a time."""

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from ninja.params import functions

from schoolkeeper.api.access import may, who
from schoolkeeper.api.inputs import (
    EntryChange,
    Key,
    LimitRequest,
    MaybeMoment,
    NameFilter,
    Number,
    Reason,
    Scope,
    Slug,
    SystemFilter,
)
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.api.programme_answers import AgendaAnswer, EntryAnswer, LimitAnswer, OccurrenceAnswer
from schoolkeeper.controlroom import roles
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import entries, limits, outlook
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.scheduler.catching_up import catch_up_one
from schoolkeeper.programme.scheduler.waiving import waive

router = Router(tags=["programme"])
LONGEST = timedelta(days=366)
MOST = 200
Hours = Annotated[int, functions.Query(24, ge=1, le=24 * 366)]


@router.get("/systems/{slug}/programme", response={200: list[EntryAnswer], **PROBLEMS})
def programme(request: HttpRequest, slug: Slug) -> Any:
    """What is done for a system, when and by whom."""
    may(request, roles.SEE)
    return outlook.entries(find(slug).slug, timezone.now())


@router.patch("/systems/{slug}/programme/{task}", response={200: EntryAnswer, **PROBLEMS})
def change(request: HttpRequest, slug: Slug, task: Key, body: EntryChange) -> Any:
    """Set fields of an entry. Occurrences that have not begun move with it."""
    may(request, roles.PLAN)
    now = timezone.now()
    entries.change(slug, task, body.model_dump(exclude_unset=True), by=who(request), now=now)
    return outlook.entry(slug, task, now)


@router.post("/systems/{slug}/programme/{task}/pause", response={200: EntryAnswer, **PROBLEMS})
def pause(request: HttpRequest, slug: Slug, task: Key, body: Reason) -> Any:
    """Let what comes due be waived in your name until it is resumed."""
    may(request, roles.PLAN)
    entries.pause(slug, task, by=who(request), reason=body.reason)
    return outlook.entry(slug, task, timezone.now())


@router.post("/systems/{slug}/programme/{task}/resume", response={200: EntryAnswer, **PROBLEMS})
def resume(request: HttpRequest, slug: Slug, task: Key) -> Any:
    """End a pause."""
    may(request, roles.PLAN)
    entries.resume(slug, task, by=who(request))
    return outlook.entry(slug, task, timezone.now())


@router.get("/systems/{slug}/occurrences", response={200: list[OccurrenceAnswer], **PROBLEMS})
def occurrences(request: HttpRequest, slug: Slug, since: MaybeMoment, until: MaybeMoment) -> Any:
    """What is due in [since, until), at most a year of it; without times the week from now."""
    may(request, roles.SEE)
    now = timezone.now()
    first = since or now
    last = until or first + timedelta(days=7)
    if not first <= last <= first + LONGEST:
        raise Invalid("occurrences", ["until: after `since`, and at most 366 days"])
    return outlook.occurrences(first, last, now, system=find(slug).slug)


@router.get("/agenda", response={200: AgendaAnswer, **PROBLEMS})
def agenda(request: HttpRequest, system: SystemFilter, person: NameFilter, hours: Hours) -> Any:
    """What is next within so many hours, late, and missed: of all systems or one, of all people or one."""
    may(request, roles.SEE)
    if system:
        find(system)
    return outlook.agenda(timezone.now(), timedelta(hours=hours), most=MOST, system=system, person=person)


@router.get("/occurrences/{number}", response={200: OccurrenceAnswer, **PROBLEMS})
def occurrence(request: HttpRequest, number: Number) -> Any:
    """One of them."""
    may(request, roles.SEE)
    return outlook.occurrence(row_of(Occurrence, number).pk, timezone.now())


@router.post("/occurrences/{number}/waive", response={200: OccurrenceAnswer, **PROBLEMS})
def leave_out(request: HttpRequest, number: Number, body: Reason) -> Any:
    """Say that one need not be done, due or missed."""
    may(request, roles.PLAN)
    now = timezone.now()
    done = waive(row_of(Occurrence, number).pk, by=who(request), reason=body.reason, now=now)
    return outlook.occurrence(done.pk, now)


@router.post("/occurrences/{number}/catch-up", response={200: OccurrenceAnswer, **PROBLEMS})
def catch_up(request: HttpRequest, number: Number) -> Any:
    """Have a missed one done after all; the answer is the occurrence that was made for it."""
    may(request, roles.PLAN)
    now = timezone.now()
    made = catch_up_one(row_of(Occurrence, number).pk, by=who(request), now=now)
    return outlook.occurrence(made.pk, now)


@router.get("/limits", response={200: list[LimitAnswer], **PROBLEMS})
def all_limits(request: HttpRequest) -> Any:
    """How many runs of the programme go on at a time, per system, machine and institution."""
    may(request, roles.SEE)
    return limits.limits()


@router.put("/limits", response={200: LimitAnswer, **PROBLEMS})
def limit(request: HttpRequest, body: LimitRequest) -> Any:
    """Set one."""
    may(request, roles.PLAN)
    return limits.put(body.scope, body.name, body.runs, by=who(request), now=timezone.now())


@router.delete("/limits", response={200: list[LimitAnswer], **PROBLEMS})
def usual_limit(request: HttpRequest, scope: Scope, name: NameFilter) -> Any:
    """Let what is usual hold again in a place; the answer is what holds then."""
    may(request, roles.PLAN)
    limits.reset(scope, name, by=who(request))
    return limits.limits()
