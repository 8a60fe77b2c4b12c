from django.http import HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom.queries import findings
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import Slice, cut
from schoolkeeper.kernel.finding import Level

STATES = (("open", "Open"), ("silenced", "Silenced"), ("resolved", "Resolved"))


def show(request: HttpRequest) -> TemplateResponse:
    """Findings of all systems."""
    names = Names()
    wanted = {name: request.GET.get(name, "") for name in ("state", "system", "level")}
    page = cut(findings.matching(wanted), request.GET.get("page", ""))
    context = {
        "slice": Slice(findings.rows(page, names), page.number, page.has_next),
        "wanted": {**wanted, "state": wanted["state"] or "open"},
        "states": STATES,
        "systems": names.choices(),
        "levels": [
            (level.name.lower(), level.name.capitalize()) for level in sorted(Level, reverse=True) if level
        ],
    }
    return TemplateResponse(request, "controlroom/findings.html", context)
