from datetime import timedelta

from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import charts
from schoolkeeper.controlroom.queries import backups, findings, runs, series
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.system import components, version_seen
from schoolkeeper.controlroom.queries.systems import states
from schoolkeeper.controlroom.queries.tasks import applicable, watching
from schoolkeeper.engine.models import Hold

PERIODS = {
    "hour": ("1 hour", timedelta(hours=1)),
    "day": ("24 hours", timedelta(days=1)),
    "week": ("7 days", timedelta(days=7)),
    "month": ("30 days", timedelta(days=30)),
}


def show(request: HttpRequest, slug: str) -> TemplateResponse:
    """Everything about one system."""
    now = timezone.now()
    found = states(now, watching(), only=slug)
    if not found:
        raise Http404(f"There is no system {slug} in our care.")
    state, names = found[0], Names()
    # A system that is new has no week to show: its first hour would be one dot.
    usual = "hour" if now - state.applied_at < timedelta(hours=6) else "week"
    period = request.GET.get("period", usual)
    if period not in PERIODS:
        period = usual
    wanted = [name for plan in charts.PLANS for name in plan.names]
    lines = series.series(slug, wanted, since=now - PERIODS[period][1], until=now)
    context = {
        "title": state.name,
        "state": state,
        "components": components(state.definition),
        "version": version_seen(slug),
        "holds": Hold.objects.filter(system=slug, cleared_at=None) if state.on_hold else (),
        "findings": findings.open_of(slug, names),
        "runs": runs.last_runs(slug, names),
        "sets": backups.sets_of(slug, names, limit=5),
        "charts": charts.line_charts(lines, state.zone),
        "outcomes": charts.outcome_chart(*series.outcomes(slug, state.zone, now)),
        "tasks": applicable(state.kinds),
        "period": period,
        "periods": [(name, title) for name, (title, _) in PERIODS.items()],
    }
    return TemplateResponse(request, "controlroom/system.html", context)
