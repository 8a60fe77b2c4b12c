from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom.queries import backup_set, backups, recovery
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut
from schoolkeeper.controlroom.queries.recovery import Choice
from schoolkeeper.controlroom.queries.standing import standings
from schoolkeeper.controlroom.recovery_form import RecoveryForm
from schoolkeeper.engine.request import request as ask_for
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused


def show(request: HttpRequest) -> TemplateResponse:
    """What happened? The ways to recover, in plain words."""
    names, slug = Names(), request.GET.get("system", "")
    systems = names.choices()
    if not slug and len(systems) == 1:
        slug = systems[0].slug
    record = get_object_or_404(SystemRecord, slug=slug) if slug else None
    kinds = recovery.kinds_of(record.definition) if record else None
    context = {
        "system": record,
        "systems": systems,
        "choices": recovery.choices(kinds),
        "standing": standings(names, timezone.now(), slug)[0] if record else None,
        "key": request.GET.get("set", ""),
    }
    return TemplateResponse(request, "controlroom/recover.html", context)


def choose(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """From which backup?"""
    record, choice = _find(slug, task_id)
    if not choice.takes_a_set:
        return redirect("admin:recover_ask", slug=slug, task_id=task_id)
    names = Names()
    page = cut(backups.listed(slug), request.GET.get("page", ""), size=20)
    rows = backups.rows(page.items, names)
    context = {
        "title": choice.need.happened,
        "system": record,
        "choice": choice,
        "slice": Slice(rows, page.number, page.has_next),
        "best": next((row.key for row in rows if row.is_sound and row.proof and row.proof.holds), ""),
    }
    return TemplateResponse(request, "controlroom/recover_choose.html", context)


def ask(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """What exactly, and go: asks for the run, which shows its plan before it changes anything."""
    record, choice = _find(slug, task_id)
    key = request.POST.get(recovery.SET, request.GET.get(recovery.SET, ""))
    row = backup_set.find(slug, key, Names()) if key and choice.takes_a_set else None
    if choice.takes_a_set and row is None:
        return redirect("admin:recover_choose", slug=slug, task_id=task_id)
    proven = row is not None and row.proof is not None and row.proof.holds
    sent = request.POST if request.method == "POST" else None
    form = RecoveryForm(choice.options, slug, key, sent, proven=proven)
    if sent is not None and (given := form.given()) is not None:
        try:
            run = ask_for(task_id, slug, by=request.user.get_username(), options=given)
        except Invalid as invalid:
            form.form.add_error(None, list(invalid.faults))
        except Refused as refused:
            form.form.add_error(None, str(refused))
        else:
            messages.success(request, f"Run {run.pk} is in the queue. It first looks and shows what it would do.")
            return redirect("admin:run", pk=run.pk)
    context = {"title": choice.need.happened, "system": record, "choice": choice, "set": row, "recovery": form}
    return TemplateResponse(request, "controlroom/recover_ask.html", context)


def _find(slug: str, task_id: str) -> tuple[SystemRecord, Choice]:
    record = get_object_or_404(SystemRecord, slug=slug)
    choice = recovery.find(task_id, recovery.kinds_of(record.definition))
    if choice is None or not choice.fits:
        raise Http404("There is no such way to recover this system.")
    return record, choice
