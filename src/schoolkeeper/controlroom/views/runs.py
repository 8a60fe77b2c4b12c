from django.http import HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries import runs
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut
from schoolkeeper.engine.knowledge import catalogue


def show(request: HttpRequest) -> TemplateResponse:
    """Runs of all systems, newest first."""
    names = Names()
    wanted = {name: request.GET.get(name, "") for name in ("system", "task", "outcome", "state")}
    page = cut(runs.matching(wanted), request.GET.get("page", ""))
    context = {
        "slice": Slice([runs.row(run, names) for run in page], page.number, page.has_next),
        "wanted": wanted,
        "systems": names.choices(),
        "tasks": [task.spec for task in catalogue().values()],
        "outcomes": [(name, word.text) for name, word in wording.OUTCOMES.items()],
        "states": [(name, word.text) for name, word in wording.STATES.items()],
    }
    return TemplateResponse(request, "controlroom/runs.html", context)
