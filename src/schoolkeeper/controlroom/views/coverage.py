from collections.abc import Iterable

from django.http import HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom.queries.coverage import items
from schoolkeeper.reporting.coverage import Item, Service, served


def show(request: HttpRequest, pages: Iterable[Service]) -> TemplateResponse:
    """What was asked of the product, item by item, and what serves each; `pages` are what the pages declare."""
    everything = items(pages)
    groups: dict[str, dict[str, list[Item]]] = {}
    for item in everything:
        parts = groups.setdefault(item.requirement.section, {})
        parts.setdefault(f"{item.requirement.part}: {item.requirement.group}", []).append(item)
    sections = [
        (section, parts, sum(map(served, parts.values())), sum(map(len, parts.values())))
        for section, parts in groups.items()
    ]
    context = {"sections": sections, "served": served(everything), "total": len(everything)}
    context["percent"] = round(100 * served(everything) / len(everything))
    return TemplateResponse(request, "controlroom/coverage.html", context)
