from django.http import HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom import wording
from schoolkeeper.engine.knowledge import catalogue


def show(request: HttpRequest) -> TemplateResponse:
    """All tasks, grouped by the first word of their ids."""
    groups: dict[str, list[dict[str, object]]] = {}
    for task in catalogue().values():
        spec = task.spec
        card = {
            "spec": spec,
            "risk": wording.RISKS[spec.risk],
            "cadence": wording.CADENCES[spec.cadence],
            "undo": wording.UNDO[spec.undo],
            "reads": ", ".join(wording.COMPONENTS.get(kind, kind) for kind in sorted(spec.readable)),
            "writes": ", ".join(wording.COMPONENTS.get(kind, kind) for kind in sorted(spec.writable)),
        }
        groups.setdefault(spec.id.partition(".")[0].capitalize(), []).append(card)
    return TemplateResponse(request, "controlroom/catalogue.html", {"groups": groups, "count": len(catalogue())})
