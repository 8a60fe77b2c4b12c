from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from schoolkeeper.engine import holds
from schoolkeeper.engine.models import Hold
from schoolkeeper.kernel.errors import Refused


def clear(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Unlock a system's automation."""
    hold = get_object_or_404(Hold, pk=pk)
    try:
        who, reason = request.user.get_username(), request.POST.get("reason", "")
        holds.clear(pk, by=who, reason=reason, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The hold is cleared: tasks may change this system again.")
    return redirect("admin:system", slug=hold.system)
