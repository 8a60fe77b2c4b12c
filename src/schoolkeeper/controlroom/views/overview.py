from collections import Counter

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.paging import cut_list
from schoolkeeper.controlroom.queries.systems import SystemState, states
from schoolkeeper.controlroom.queries.tasks import watching
from schoolkeeper.controlroom.queries.today import Today
from schoolkeeper.controlroom.queries.work import work
from schoolkeeper.controlroom.wording import TALLIED
from schoolkeeper.kernel.finding import Level

_CARDS = 6
"""Up to so many systems are shown as cards, more as a table."""
_ROWS = 25


def show(request: HttpRequest) -> TemplateResponse:
    """Every system at a glance, worst first."""
    everything = states(timezone.now(), watching())
    chosen = [
        state for state in everything if _matches(state, request.GET.get("q", ""), request.GET.get("health", ""))
    ]
    context = {
        "slice": cut_list(chosen, request.GET.get("page", ""), _ROWS),
        "total": len(everything),
        "chosen": len(chosen),
        "cards": len(everything) <= _CARDS,
        "tally": _tally(everything),
        "health_choices": [(level.name.lower(), level) for level in _SHOWN],
        "work": work(Names()),
    }
    return TemplateResponse(request, "controlroom/overview.html", context)


_SHOWN = (Level.UNKNOWN, Level.ERROR, Level.WARNING, Level.OK)


def _matches(state: SystemState, words: str, health: str) -> bool:
    if health and state.health.name.lower() != health:
        return False
    text = f"{state.name} {state.institution} {state.slug} {state.environment}".casefold()
    return all(word in text for word in words.casefold().split())


def _tally(everything: list[SystemState]) -> dict[str, object]:
    health = Counter(state.health for state in everything)
    found: Counter[Level] = Counter()
    today: Counter[str] = Counter()
    programme = Today()
    for state in everything:
        found.update(state.open)
        today.update(state.today)
        programme.counts.update(state.programme.counts)
    return {
        "health": [(level.name.lower(), level.value, health[level]) for level in _SHOWN if health[level]],
        "findings": [(level.value, found[level]) for level in sorted(found, reverse=True)],
        "today": [(TALLIED[name], count) for name, count in today.most_common()],
        "runs_today": today.total(),
        "programme": programme,
        "proven": sum(state.proof.word.tone == "good" for state in everything),
        "held": [state for state in everything if state.on_hold],
    }
