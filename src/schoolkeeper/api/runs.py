"""Runs: asking for them, seeing them, and deciding on those that wait."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from ninja.params import functions

from schoolkeeper.api.access import may, may_decide, who
from schoolkeeper.api.answers import RunAnswer
from schoolkeeper.api.inputs import Decision, Number, RunRequest, Slug, SystemFilter
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.controlroom import roles
from schoolkeeper.engine import approvals
from schoolkeeper.engine.request import request as ask_for
from schoolkeeper.estate.care import find
from schoolkeeper.records.models import Run

router = Router()
MOST = 200
Limit = Annotated[int, functions.Query(50, ge=1, le=MOST)]


@router.post("/systems/{slug}/runs", response={202: RunAnswer, **PROBLEMS}, tags=["runs"])
def ask(request: HttpRequest, slug: Slug, body: RunRequest) -> Any:
    """Ask for a run: a backup, a drill, a recovery. Whatever needs approval waits for it."""
    may(request, roles.RUN)
    run = ask_for(body.task, slug, by=who(request), occasion="API", options=body.options)
    return Status(202, RunAnswer.of(run))


@router.get("/runs", response={200: list[RunAnswer], **PROBLEMS}, tags=["runs"])
def runs(request: HttpRequest, system: SystemFilter, limit: Limit) -> Any:
    """The newest runs, of all systems or of one."""
    may(request, roles.SEE)
    rows = Run.objects.prefetch_related("steps")
    chosen = rows.filter(system=find(system).slug) if system else rows
    return [RunAnswer.of(run) for run in chosen[:limit]]


@router.get("/runs/{number}", response={200: RunAnswer, **PROBLEMS}, tags=["runs"])
def run(request: HttpRequest, number: Number) -> Any:
    """One run with its plan."""
    may(request, roles.SEE)
    return RunAnswer.of(row_of(Run, number))


@router.post("/runs/{number}/decision", response={200: RunAnswer, **PROBLEMS}, tags=["runs"])
def decide(request: HttpRequest, number: Number, body: Decision) -> Any:
    """Approve or deny the plan of a run that waits. Binds to exactly this plan and these facts."""
    may_decide(request, body.instead_of)
    found = row_of(Run, number)
    approvals.decide(
        found,
        by=who(request),
        grant=body.grant,
        reason=body.reason,
        now=timezone.now(),
        instead_of=body.instead_of,
    )
    return RunAnswer.of(Run.objects.get(pk=number))
