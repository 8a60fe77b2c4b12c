from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.calendars.series import SHORTEST_MINUTES
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.quietest import BANDS, DAYS, EVEN_PERCENT, quiet_hours
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme.quietest import choosing
from schoolkeeper.programme.quietest.proposing import DAY

USUAL_MINUTES = 120


def show(request: HttpRequest, slug: str) -> TemplateResponse:
    """When does a change disturb least? How busy each hour of the week is, and the windows that follow from it."""
    record = get_object_or_404(SystemRecord, slug=slug)
    now, asked = timezone.now(), request.GET.get("minutes", "")
    given = _whole(asked)
    is_sound = not asked or (given is not None and SHORTEST_MINUTES <= given <= DAY)
    minutes = given if given is not None and is_sound else USUAL_MINUTES
    context = {
        "title": f"Quietest hours of {record.name}",
        "system": Names()[slug],
        "since": record.applied_at,
        "minutes": minutes,
        "fault": "" if is_sound else f"A length is from {SHORTEST_MINUTES} to {DAY} minutes, which is a day.",
        "quiet": quiet_hours(record, minutes, now),
        "hours": range(24),
        "bands": [text for _, text in BANDS],
        "even_percent": EVEN_PERCENT,
        "allows": wording.ALLOWS.items(),
        "usual_risk": Risk.DISRUPTIVE,
        "task": Activity.spec.id,
        "unknown": wording.LEVELS[Level.UNKNOWN],
    }
    return TemplateResponse(request, "controlroom/quietest.html", context)


def choose(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Make a series of windows of a proposal; the day's quietest hours are looked up again."""
    get_object_or_404(SystemRecord, slug=slug)
    given = request.POST
    weekday, minutes, allows = (_whole(given.get(name, "")) for name in ("weekday", "minutes", "allows"))
    back = redirect(f"{reverse('admin:quietest', args=[slug])}?minutes={minutes or USUAL_MINUTES}")
    if weekday is None or minutes is None or allows not in list(Risk):
        messages.error(request, "Choose one of the proposals.")
        return back
    try:
        made = choosing.choose(
            slug,
            minutes,
            weekday=weekday,
            title=given.get("title", ""),
            says=given.get("says", ""),
            allows=Risk(allows),
            by=request.user.get_username(),
            now=timezone.now(),
        )
    except (Invalid, Refused) as fault:
        messages.error(request, str(fault))
        return back
    day = DAYS[weekday]
    messages.success(request, f"Planned: {made.title}, every {day} at {made.at:%H:%M}, a year ahead.")
    return redirect(f"{reverse('admin:windows')}?system={slug}#windows")


def _whole(text: str) -> int | None:
    """A number as a form sends it; no window is longer than four digits of minutes."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else None
