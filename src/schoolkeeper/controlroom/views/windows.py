from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.controlroom.queries import windows as query
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.places import Places, scope
from schoolkeeper.controlroom.scheduling_forms import FreezeForm, PlacedForm, WindowForm, add_faults
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused

FormT = TypeVar("FormT", bound=PlacedForm)
_MOST_LINKS = 12


def show(request: HttpRequest) -> TemplateResponse:
    """When may the ERPs be changed, and when not: freezes, windows and overrides."""
    now, names, slug = timezone.now(), Names(), request.GET.get("system", "")
    record = SystemRecord.objects.filter(slug=slug).first() if slug else None
    places = Places()
    frozen = query.freeze_rows(now, places, record)
    planned = query.window_rows(now, places, record)
    asked = query.override_rows(now, names, record)
    context = {
        "freezes": [row for row in frozen if not row.is_over],
        "freezes_over": [row for row in frozen if row.is_over],
        "windows": [row for row in planned if not row.is_over],
        "windows_over": [row for row in planned if row.is_over],
        "series": query.series_rows(now, places, record),
        "overrides": [row for row in asked if row.is_open],
        "overrides_over": [row for row in asked if not row.is_open],
        "systems": names.choices(),
        "quiet_links": [one for one in names.choices() if slug in ("", one.slug)][:_MOST_LINKS],
        "wanted": {"system": slug},
        "who": request.user.get_username(),
    }
    return TemplateResponse(request, "controlroom/windows.html", context)


def declare(request: HttpRequest) -> HttpResponseBase:
    """Forbid changes for a while."""
    form = _form(request, FreezeForm)
    if request.method == "POST" and form.is_valid():
        try:
            freezes.declare(kind=form.cleaned_data["kind"], **_given(request, form))
        except Invalid as invalid:
            add_faults(form, invalid)
        else:
            messages.success(request, "The freeze is declared. It binds the programme, people and programs alike.")
            return redirect("admin:windows")
    context = {
        "form": form,
        "heading": "Declare a freeze",
        "says": "While it is in force nothing is changed, whether the programme, a person or a program asks for "
        "it. Looking, and taking backups, goes on.",
        "button": "Declare it",
    }
    return TemplateResponse(request, "controlroom/window_form.html", context)


def lift(request: HttpRequest, pk: int) -> HttpResponseBase:
    """End a freeze before its time."""
    reason = request.POST.get("reason", "")
    return _done(request, lambda: freezes.lift(pk, by=_who(request), reason=reason, now=timezone.now()), "Lifted.")


def plan(request: HttpRequest) -> HttpResponseBase:
    """Plan a window."""
    form = _form(request, WindowForm)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            windows.plan(allows=given["allows"], says=given["says"], **_given(request, form))
        except Invalid as invalid:
            add_faults(form, invalid)
        else:
            messages.success(request, "The window is planned.")
            return redirect("admin:windows")
    context = {
        "form": form,
        "heading": "Plan a window",
        "says": "In a window users may be disturbed. Once a system has windows, what disturbs its users waits for "
        "them. Alerts are held back while it is open, and its time does not count against the service level.",
        "button": "Plan it",
    }
    return TemplateResponse(request, "controlroom/window_form.html", context)


def cancel(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a window back, or end one now that has begun."""
    reason, says = request.POST.get("reason", ""), "Cancelled; one that had begun ends now."
    return _done(request, lambda: windows.cancel(pk, by=_who(request), reason=reason, now=timezone.now()), says)


def _form(request: HttpRequest, kind: type[FormT]) -> FormT:
    slug = request.GET.get("system", "")
    return kind(Places(), request.POST or None, initial={"about": f"system:{slug}" if slug else ""})


def _given(request: HttpRequest, form: PlacedForm) -> dict[str, Any]:
    return {
        "title": form.cleaned_data["title"],
        "starts_at": form.moment("starts_at"),
        "ends_at": form.moment("ends_at"),
        "by": _who(request),
        "now": timezone.now(),
        **scope(form.cleaned_data["about"]),
    }


def _done(request: HttpRequest, act: Any, says: str) -> HttpResponseBase:
    try:
        act()
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, says)
    return redirect(reverse("admin:windows"))


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
