from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.options_form import form_for
from schoolkeeper.engine.gate import needs_approval, needs_four_eyes
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.request import request as ask_for
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused


def show(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """Ask for a run: the task's options as a form, and what the run may do in words."""
    task = catalogue().get(task_id)
    system = SystemRecord.objects.filter(slug=slug).first()
    if task is None or system is None:
        raise Http404("There is no such task or system.")
    form = form_for(task.options)(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            run = ask_for(task_id, slug, by=request.user.get_username(), options=form.given())
        except Invalid as invalid:
            form.add_error(None, list(invalid.faults))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Run {run.pk} is in the queue.")
            return redirect("admin:run", pk=run.pk)
    context = {
        "title": task.spec.title,
        "spec": task.spec,
        "system": system,
        "form": form,
        "risk": wording.RISKS[task.spec.risk],
        "undo": wording.UNDO[task.spec.undo],
        "needs_approval": needs_approval(task.spec),
        "needs_four_eyes": needs_four_eyes(task.spec),
    }
    return TemplateResponse(request, "controlroom/ask.html", context)
