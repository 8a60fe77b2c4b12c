"""What the search box finds: pages of systems, tasks and runs."""

from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult  # type: ignore[import-untyped]

from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.records.models import Run

_MOST = 20


def search(request: HttpRequest, words: str) -> list[SearchResult]:
    """Systems and tasks whose names hold the words, and the run of that number."""
    found = [
        SearchResult(system.name, "System", reverse("admin:system", args=[system.slug]), "domain")
        for system in Names().choices()
        if words in f"{system.name} {system.slug}".casefold()
    ]
    found += [
        SearchResult(
            task.spec.title, f"Task {task.spec.id}", reverse("admin:task", args=[task.spec.id]), "menu_book"
        )
        for task in catalogue().values()
        if words in f"{task.spec.title} {task.spec.id}".casefold()
    ]
    number = words.removeprefix("run").strip()
    if number.isdecimal() and len(number) < 10 and Run.objects.filter(pk=int(number)).exists():
        found.append(SearchResult(f"Run {number}", "Run", reverse("admin:run", args=[int(number)]), "history"))
    return found[:_MOST]
