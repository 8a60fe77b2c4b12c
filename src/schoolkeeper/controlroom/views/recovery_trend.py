from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import recovery_charts
from schoolkeeper.controlroom.queries import trend
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.views.backups import one_standing

PERIODS = {"month": ("30 days", 1, 30), "quarter": ("90 days", 1, 90), "year": ("1 year", 7, 53)}


def show(request: HttpRequest, slug: str) -> TemplateResponse:
    """How long recoveries took, and how much work could have been lost, over time."""
    now, period = timezone.now(), request.GET.get("period", "month")
    standing = one_standing(Names(), now, slug)
    if period not in PERIODS:
        period = "month"
    _, days, count = PERIODS[period]
    stretch = "day" if days == 1 else "week"
    found = trend.trend(slug, now, ZoneInfo(standing.system.zone), days, count)
    charts = (
        recovery_charts.restore_chart(found, standing.rto),
        recovery_charts.age_chart(found, standing.rpo, stretch),
    )
    context = {
        "title": f"Recovery over time: {standing.system.name}",
        "standing": standing,
        "charts": [chart for chart in charts if chart],
        "stretch": stretch,
        "period": period,
        "periods": [(name, title) for name, (title, _, _) in PERIODS.items()],
    }
    return TemplateResponse(request, "controlroom/recovery_trend.html", context)
