import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.deputies import stead_of
from schoolkeeper.controlroom.describe import describe
from schoolkeeper.controlroom.queries import drill
from schoolkeeper.controlroom.queries import run as query
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.runs import row
from schoolkeeper.controlroom.queries.tasks import spec_of, title_of_code
from schoolkeeper.engine.gate import needs_four_eyes
from schoolkeeper.engine.models import Approval
from schoolkeeper.records.models import Run

NOTHING_NEW = 204


def show(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One run; while it goes on, its page asks for `live` each second."""
    run = get_object_or_404(query.with_looks(), pk=pk)
    return TemplateResponse(request, "controlroom/run.html", _context(request, run))


def live(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The part of the page that changes; nothing (204) while it is as the page last saw it."""
    run = get_object_or_404(query.with_looks(), pk=pk)
    context = _context(request, run)
    if request.GET.get("seen") == context["stamp"]:
        return HttpResponse(status=NOTHING_NEW)
    return TemplateResponse(request, "controlroom/parts/run_live.html", context)


def _context(request: HttpRequest, run: Run) -> dict[str, Any]:
    names, spec = Names(), spec_of(run.task)
    steps = query.steps(run)
    line = row(run, names)
    changing = spec is not None and spec.changes_something
    approval = _approval(request, run, four_eyes=spec is not None and needs_four_eyes(spec))
    approved = approval["row"].decision == Approval.Decision.GRANTED if approval else None
    context: dict[str, Any] = {
        "title": f"Run {run.pk}: {line.title}",
        "run": run,
        "line": line,
        "spec": spec,
        "options": describe(run.options),
        "steps": steps,
        "stages": query.stages(run, steps, changes_something=changing, approved=approved),
        "approval": approval,
        "stamp": _stamp(run, [(step.word.text, step.attempts) for step in steps]),
    }
    if run.task == drill.TASK:
        context["drill"] = drill.drill(run, steps)
    if not line.is_open:
        found, unclear = query.seen(run)
        context["findings"] = [(finding, title_of_code(run.task, finding.code)) for finding in found]
        context["unclear"] = unclear
        context["evidence"] = query.evidence(run)
    if request.user.has_perm(roles.AUDIT):
        context["ledger"] = query.ledger_entries(run)
    return context


def _approval(request: HttpRequest, run: Run, *, four_eyes: bool) -> dict[str, Any] | None:
    approval = Approval.objects.filter(run=run).first()
    if approval is None:
        return None
    is_open = run.state == Run.State.WAITING
    found: dict[str, Any] = {"row": approval, "is_open": is_open, "four_eyes": four_eyes}
    if is_open:
        stead = stead_of(request.user, roles.APPROVE, timezone.now())
        found["instead_of"] = stead.for_run(run.requested_by)
        found["only_deny"] = four_eyes and stead.is_askers(run.requested_by)
    return found


def _stamp(run: Run, steps: list[tuple[str, int]]) -> str:
    seen = [run.state, run.outcome, bool(run.started_at), run.facts_digest, run.plan_digest, steps]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
