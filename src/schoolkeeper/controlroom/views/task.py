from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.catalogue.requirements import requirements
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.markup import render
from schoolkeeper.controlroom.queries.findings import anchor
from schoolkeeper.engine.knowledge import catalogue


def show(request: HttpRequest, task_id: str) -> TemplateResponse:
    """One task: its declaration in words, its options and its runbook."""
    task = catalogue().get(task_id)
    if task is None:
        raise Http404(f"There is no task {task_id} in the catalogue.")
    spec = task.spec
    context = {
        "title": spec.title,
        "spec": spec,
        "risk": wording.RISKS[spec.risk],
        "undo": wording.UNDO[spec.undo],
        "cadence": wording.CADENCES[spec.cadence],
        "reads": [wording.COMPONENTS.get(kind, kind) for kind in sorted(spec.readable)],
        "writes": [wording.COMPONENTS.get(kind, kind) for kind in sorted(spec.writable)],
        "codes": [(code, anchor(code), spec.title_of(code)) for code in sorted(spec.codes)],
        "options": [(name, field.description, field.default) for name, field in task.options.model_fields.items()],
        "requirements": [one for one in requirements() if one.id in spec.requirements],
        "runbook": render(spec.runbook),
    }
    return TemplateResponse(request, "controlroom/task.html", context)
