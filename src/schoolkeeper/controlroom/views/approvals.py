from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.deputies import stead_of
from schoolkeeper.controlroom.queries import approvals as query
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.scheduling_forms import DelegationForm, add_faults
from schoolkeeper.engine import delegations
from schoolkeeper.engine.models import Delegation
from schoolkeeper.kernel.errors import Invalid, Refused


def show(request: HttpRequest) -> TemplateResponse:
    """What waits for a person's word, and who may give it."""
    names, now = Names(), timezone.now()
    stead = stead_of(request.user, roles.APPROVE, now)
    context = {
        "waiting": query.waiting(stead, names, now),
        "decided": query.decided(names, now),
        "delegations": query.delegations(now),
        "stead": stead,
        "now": now,
        "who": request.user.get_username(),
        "for_others": _for_others(request),
    }
    return TemplateResponse(request, "controlroom/approvals.html", context)


def delegate(request: HttpRequest) -> HttpResponseBase:
    """Name who decides in one's stead while one is away; an administrator does it for others too."""
    who, now = request.user.get_username(), timezone.now()
    away = query.approvers() if _for_others(request) else [who]
    form = DelegationForm(away, query.people(), settings.TIME_ZONE, request.POST or None, initial={"of": who})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        starts_at, ends_at = form.moment("starts_at"), form.moment("ends_at")
        try:
            delegations.delegate(
                of=given["of"],
                to=given["to"],
                starts_at=starts_at,
                ends_at=ends_at,
                reason=given["reason"],
                by=who,
                now=now,
            )
        except Invalid as invalid:
            add_faults(form, invalid)
        else:
            messages.success(request, f"{given['to']} decides in {given['of']}'s stead.")
            return redirect("admin:approvals")
    return TemplateResponse(request, "controlroom/delegate.html", {"form": form})


def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a delegation back: whose stead it is, whoever stands in, or an administrator."""
    who = request.user.get_username()
    found = Delegation.objects.filter(pk=pk).first()
    if found is not None and who not in (found.of, found.to) and not _for_others(request):
        messages.error(request, "Only the two of them, or an administrator, may end it.")
        return redirect("admin:approvals")
    try:
        delegations.end(pk, by=who, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It has ended.")
    return redirect("admin:approvals")


def _for_others(request: HttpRequest) -> bool:
    return request.user.has_perm("auth.change_user")
