from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from schoolkeeper.engine import approvals
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records.models import Run


def decide(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A person's yes or no to a plan."""
    run = get_object_or_404(Run, pk=pk)
    grant = request.POST.get("decision") == "approve"
    reason = request.POST.get("reason", "").strip()
    if not grant and not reason:
        messages.error(request, "A no needs a reason: whoever asked will want to know.")
        return redirect("admin:run", pk=pk)
    try:
        approvals.decide(run, by=request.user.get_username(), grant=grant, reason=reason, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Approved: it goes on now." if grant else "Denied: nothing will be changed.")
    return redirect("admin:run", pk=pk)
