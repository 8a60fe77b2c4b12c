from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.calendars import series, windows
from schoolkeeper.calendars.models import Window, WindowSeries
from schoolkeeper.controlroom.queries.places import Places
from schoolkeeper.controlroom.scheduling_forms import add_faults
from schoolkeeper.controlroom.series_form import NAMES, MoveForm, SeriesForm
from schoolkeeper.kernel.errors import Invalid, Refused


def begin(request: HttpRequest) -> HttpResponseBase:
    """Plan windows that repeat."""
    slug = request.GET.get("system", "")
    form = SeriesForm(Places(), request.POST or None, about=f"system:{slug}" if slug else "")
    if request.method == "POST" and form.is_valid():
        try:
            series.begin(**form.given(), by=_who(request), now=timezone.now())
        except Invalid as invalid:
            add_faults(form, invalid, NAMES)
        else:
            messages.success(request, "Planned: its windows are made a year ahead.")
            return redirect("admin:windows")
    context = {
        "form": form,
        "heading": "Plan windows that repeat",
        "says": "Its windows are made a year ahead, so that everybody sees what comes. Each can be moved or "
        "cancelled by itself.",
        "button": "Plan them",
    }
    return TemplateResponse(request, "controlroom/window_form.html", context)


def change(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Change windows that repeat; those that have not begun follow."""
    found = get_object_or_404(WindowSeries, pk=pk, ended_at=None)
    form = SeriesForm(Places(), request.POST or None, found)
    if request.method == "POST" and form.is_valid():
        try:
            series.change(pk, form.given(), by=_who(request), now=timezone.now())
        except Invalid as invalid:
            add_faults(form, invalid, NAMES)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Changed. Windows that have not begun follow.")
            return redirect("admin:windows")
    context = {
        "form": form,
        "heading": f"Change {found.title}",
        "says": "Another rhythm, time or length takes away the windows that have not begun and makes them anew, "
        "also those that somebody moved; a day whose window was cancelled stays without one.",
        "button": "Change it",
    }
    return TemplateResponse(request, "controlroom/window_form.html", context)


def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """End windows that repeat."""
    reason = request.POST.get("reason", "")
    return _done(
        request,
        lambda: series.end(pk, by=_who(request), reason=reason, now=timezone.now()),
        "Ended. Windows that had not begun are taken away.",
    )


def move(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let a single window happen at another time."""
    found, form = get_object_or_404(Window, pk=pk), MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give a day and a time, for the beginning and for the end.")
        return redirect("admin:windows")
    zone = Places().zone_of(found)
    starts_at, ends_at = form.moment("starts_at", zone), form.moment("ends_at", zone)
    return _done(
        request,
        lambda: windows.move(pk, starts_at=starts_at, ends_at=ends_at, by=_who(request), now=timezone.now()),
        "Moved.",
    )


def _done(request: HttpRequest, act: Callable[[], object], says: str) -> HttpResponseBase:
    try:
        act()
    except (Invalid, Refused) as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, says)
    return redirect("admin:windows")


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
