from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.calendars import overrides
from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.scheduling_forms import OverrideForm
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.errors import Refused


def ask(request: HttpRequest) -> HttpResponseBase:
    """Ask a second person for leave to change a system although it is forbidden."""
    systems = [(one.slug, one.name) for one in Names().choices()]
    tasks = [(task.spec.id, task.spec.title) for task in catalogue().values() if task.spec.changes_the_erp]
    form = OverrideForm(systems, tasks, request.POST or None, initial={"system": request.GET.get("system", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        lasts = timedelta(hours=given["hours"])
        who, now = request.user.get_username(), timezone.now()
        try:
            overrides.ask(
                system=given["system"], task=given["task"], reason=given["reason"], by=who, now=now, lasts=lasts
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Asked for. Tell an approver: it takes a second person to grant it.")
            return redirect("admin:windows")
    context = {
        "form": form,
        "heading": "Ask for an override",
        "says": "For an emergency: it lets a change through in spite of a freeze or outside a window. It takes "
        "two people, and it ends by itself.",
        "button": "Ask for it",
    }
    return TemplateResponse(request, "controlroom/window_form.html", context)


def grant(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The second person's yes."""
    try:
        overrides.grant(pk, by=request.user.get_username(), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, "Granted. It ends by itself; end it yourself as soon as it is not needed any more."
        )
    return redirect("admin:windows")


def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Refuse an override or take it back: an approver any, whoever asked their own."""
    who = request.user.get_username()
    if not overrides.is_own(pk, who) and not request.user.has_perm(roles.FREEZE):
        messages.error(request, "Only an approver ends what somebody else asked for.")
        return redirect("admin:windows")
    try:
        overrides.end(pk, by=who, reason=request.POST.get("reason", ""), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It has ended.")
    return redirect("admin:windows")
