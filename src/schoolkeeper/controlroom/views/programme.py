from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.periods import VIEWS, day_of, period, weeks
from schoolkeeper.controlroom.queries import programme, windows
from schoolkeeper.controlroom.queries.bands import bands
from schoolkeeper.controlroom.queries.entries import entries
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.paging import cut_list
from schoolkeeper.controlroom.queries.places import Places
from schoolkeeper.controlroom.queries.programme_year import year
from schoolkeeper.controlroom.queries.today import Today, today
from schoolkeeper.estate.models import SystemRecord

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def show(request: HttpRequest) -> TemplateResponse:
    """Of all systems: what is late, missed, running and next, and what forbids or allows changes now."""
    now, names = timezone.now(), Names()
    frozen, freezes_coming, open_windows = windows.in_force(now, Places())
    stands = today(now)
    systems = [(system, stands[system.slug]) for system in names.choices()]
    context = {
        "attention": programme.attention(now, names, most=10),
        "frozen": frozen,
        "freezes_coming": freezes_coming,
        "open_windows": open_windows,
        "slice": cut_list(sorted(systems, key=_worst_first), request.GET.get("page", ""), size=25),
    }
    return TemplateResponse(request, "controlroom/programme_all.html", context)


def _worst_first(line: tuple[SystemName, Today]) -> tuple[int, int, str]:
    system, stands = line
    return -stands.counts["missed"], -stands.counts["overdue"], system.name


def of_system(request: HttpRequest, slug: str) -> TemplateResponse:
    """The programme of one system: a day, a week, a month or a year of it, and what it is made of."""
    record = get_object_or_404(SystemRecord, slug=slug)
    now, names, zone = timezone.now(), Names(), ZoneInfo(record.timezone)
    today = now.astimezone(zone).date()
    shown = period(request.GET.get("view", "today"), day_of(request.GET.get("day", ""), today), zone)
    found = bands(record.system(), shown)
    context = {
        "title": f"Programme of {record.name}",
        "system": names[slug],
        "period": shown,
        "is_now": shown.contains(today),
        "bands": found,
        "views": VIEWS,
        "as_list": request.GET.get("as") == "list" or shown.view in ("today", "week"),
        "attention": programme.attention(now, names, slug, most=4),
        "paused": wording.OCCURRENCES["paused"],
        "weekdays": WEEKDAYS,
        "letters": [day[0] for day in WEEKDAYS],
        "entries": entries(slug, now),
    }
    if shown.view == "year":
        context["year"] = year(slug, shown, found, now)
    else:
        days = programme.days(slug, shown, found, names, now)
        by_day = {one.day: one for one in days}
        context |= {
            "days": days,
            "weeks": [[by_day.get(day) if day else None for day in row] for row in weeks(shown.days)],
        }
    return TemplateResponse(request, "controlroom/programme.html", context)
