from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.deputies import stead_of
from schoolkeeper.engine import approvals
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records.models import Run


def decide(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A person's yes or no to a plan, in their own name or as somebody's deputy."""
    run = get_object_or_404(Run, pk=pk)
    grant = request.POST.get("decision") == "approve"
    reason = request.POST.get("reason", "").strip()
    now, who = timezone.now(), request.user.get_username()
    stead = stead_of(request.user, roles.APPROVE, now)
    instead_of = stead.for_run(run.requested_by) or ""
    try:
        approvals.decide(run, by=who, grant=grant, reason=reason, now=now, instead_of=instead_of)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Approved: it goes on now." if grant else "Denied: nothing will be changed.")
    return redirect("admin:run", pk=pk)
