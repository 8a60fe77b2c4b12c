"""Freezes and the overrides against them, and windows."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from schoolkeeper.api.access import may, who
from schoolkeeper.api.inputs import (
    Flag,
    FreezeRequest,
    Number,
    OverrideRequest,
    Reason,
    SystemFilter,
    WindowRequest,
)
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.api.programme_answers import FreezeAnswer, OverrideAnswer, WindowAnswer
from schoolkeeper.calendars import freezes, overrides, windows
from schoolkeeper.calendars.models import Freeze, Override, Window
from schoolkeeper.controlroom import roles
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.spec import Risk

router = Router()
MOST = 500


@router.get("/freezes", response={200: list[FreezeAnswer], **PROBLEMS}, tags=["freezes"])
def all_freezes(request: HttpRequest, system: SystemFilter, over: Flag) -> Any:
    """Freezes that are in force or to come, of all systems or those that bind one; with `over` also the others."""
    may(request, roles.SEE)
    rows = freezes.of(find(system)) if system else Freeze.objects.all()
    if not over:
        rows = rows.filter(ends_at__gt=timezone.now(), lifted_at=None)
    return [FreezeAnswer.of(row) for row in rows[:MOST]]


@router.post("/freezes", response={201: FreezeAnswer, **PROBLEMS}, tags=["freezes"])
def declare(request: HttpRequest, body: FreezeRequest) -> Any:
    """Declare a freeze. It binds the scheduler, the command line, the control room and this API alike."""
    may(request, roles.FREEZE)
    made = freezes.declare(**body.model_dump(), by=who(request), now=timezone.now())
    return Status(201, FreezeAnswer.of(made))


@router.post("/freezes/{number}/lift", response={200: FreezeAnswer, **PROBLEMS}, tags=["freezes"])
def lift(request: HttpRequest, number: Number, body: Reason) -> Any:
    """End a freeze before its time."""
    may(request, roles.FREEZE)
    pk = row_of(Freeze, number).pk
    return FreezeAnswer.of(freezes.lift(pk, by=who(request), reason=body.reason, now=timezone.now()))


@router.get("/overrides", response={200: list[OverrideAnswer], **PROBLEMS}, tags=["freezes"])
def all_overrides(request: HttpRequest, system: SystemFilter, over: Flag) -> Any:
    """Overrides that are asked for or granted; with `over` also those that have ended."""
    may(request, roles.SEE)
    rows = Override.objects.filter(system=find(system).slug) if system else Override.objects.all()
    if not over:
        rows = rows.filter(expires_at__gt=timezone.now(), ended_at=None)
    return [OverrideAnswer.of(row) for row in rows[:MOST]]


@router.post("/overrides", response={201: OverrideAnswer, **PROBLEMS}, tags=["freezes"])
def ask(request: HttpRequest, body: OverrideRequest) -> Any:
    """Ask for leave to change a system in spite of a freeze or outside of a window. A second person grants it."""
    may(request, roles.PLAN)
    system = find(body.system).slug
    if body.task:
        catalogue().find(body.task)
    asked = overrides.ask(
        system=system,
        task=body.task,
        reason=body.reason,
        by=who(request),
        now=timezone.now(),
        lasts=timedelta(hours=body.hours),
    )
    return Status(201, OverrideAnswer.of(asked))


@router.post("/overrides/{number}/grant", response={200: OverrideAnswer, **PROBLEMS}, tags=["freezes"])
def grant(request: HttpRequest, number: Number) -> Any:
    """Grant what somebody else asked for."""
    may(request, roles.FREEZE)
    pk = row_of(Override, number).pk
    return OverrideAnswer.of(overrides.grant(pk, by=who(request), now=timezone.now()))


@router.post("/overrides/{number}/end", response={200: OverrideAnswer, **PROBLEMS}, tags=["freezes"])
def end(request: HttpRequest, number: Number, body: Reason) -> Any:
    """Refuse an override, or take it back: whoever may grant one any, whoever asked their own."""
    may(request, roles.PLAN)
    pk = row_of(Override, number).pk
    if not overrides.is_own(pk, who(request)):
        may(request, roles.FREEZE)
    return OverrideAnswer.of(overrides.end(pk, by=who(request), reason=body.reason, now=timezone.now()))


@router.get("/windows", response={200: list[WindowAnswer], **PROBLEMS}, tags=["windows"])
def all_windows(request: HttpRequest, system: SystemFilter, over: Flag) -> Any:
    """Windows that are open or to come, of all systems or those of one; with `over` also the others."""
    may(request, roles.SEE)
    now = timezone.now()
    rows = windows.of(find(system)) if system else Window.objects.all()
    if not over:
        in_overrun = Q(overrun_at__isnull=False, closed_at=None)
        rows = rows.filter(Q(ends_at__gt=now) | in_overrun, cancelled_at=None)
    return [WindowAnswer.of(row, now) for row in rows[:MOST]]


@router.post("/windows", response={201: WindowAnswer, **PROBLEMS}, tags=["windows"])
def plan(request: HttpRequest, body: WindowRequest) -> Any:
    """Plan a maintenance window. Once a system has windows, what disturbs its users waits for one."""
    may(request, roles.PLAN)
    now = timezone.now()
    given = body.model_dump() | {"allows": Risk[body.allows.upper()]}
    return Status(201, WindowAnswer.of(windows.plan(**given, by=who(request), now=now), now))


@router.post("/windows/{number}/cancel", response={200: WindowAnswer, **PROBLEMS}, tags=["windows"])
def cancel(request: HttpRequest, number: Number, body: Reason) -> Any:
    """Take a window back, or end one now that has begun."""
    may(request, roles.PLAN)
    now, pk = timezone.now(), row_of(Window, number).pk
    return WindowAnswer.of(windows.cancel(pk, by=who(request), reason=body.reason, now=now), now)
