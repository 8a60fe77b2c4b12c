from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from schoolkeeper.controlroom.queries import findings
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import silences
from schoolkeeper.records.models import FindingRecord


class SilenceForm(forms.Form):
    """Why, and until when."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Why may it be passed over? It stands in the ledger under your name.",
    )
    until = forms.DateField(
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="The last day of the silence, in the system's zone; within a year.",
    )
    every_subject = forms.BooleanField(
        label="For every subject",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Not only for the one named above, but wherever this kind of finding turns up on this system.",
    )


def show(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Silence one open finding."""
    record = get_object_or_404(FindingRecord, pk=pk, resolved_at=None)
    row = findings.rows([record], Names())[0]
    now = timezone.now()
    form = SilenceForm(request.POST or None, initial={"until": (now + timedelta(days=14)).date().isoformat()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        until = datetime.combine(given["until"], time.max, ZoneInfo(row.system.zone))
        every = given["every_subject"]
        who = request.user.get_username()
        try:
            silences.silence(record, every_subject=every, reason=given["reason"], until=until, by=who, now=now)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Silenced until {given['until']:%d %b %Y}.")
            return redirect("admin:system", slug=record.system)
    return TemplateResponse(request, "controlroom/silence.html", {"finding": row, "form": form})


def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let a silence end before its time."""
    try:
        silences.end(pk, by=request.user.get_username(), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The silence has ended; the finding counts again.")
    return redirect("admin:findings")
