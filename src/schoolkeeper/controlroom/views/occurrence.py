from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import checklist_form, roles
from schoolkeeper.controlroom.queries import entries, occurrence
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.tasks import spec_of
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme import attachments, duties
from schoolkeeper.programme.models import Attachment
from schoolkeeper.programme.scheduler.catching_up import catch_up_one
from schoolkeeper.programme.scheduler.waiving import waive as waive_one
from schoolkeeper.programme.signing import may_sign, sign_off


def show(request: HttpRequest, pk: int) -> TemplateResponse:
    """One occurrence: how it stands, why, and what came of it."""
    return TemplateResponse(request, "controlroom/occurrence.html", _context(request, pk))


def waive(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A person says that it need not be done."""
    try:
        waive_one(pk, by=_who(request), reason=request.POST.get("reason", ""), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Waived. It stands in the ledger under your name.")
    return redirect("admin:occurrence", pk=pk)


def catch_up(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A person wants it done after all."""
    try:
        again = catch_up_one(pk, by=_who(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("admin:occurrence", pk=pk)
    messages.success(request, "It will be done at the next chance; this page tells when.")
    return redirect("admin:occurrence", pk=again.pk)


def sign(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A person's word that a duty was done; what is missing is said all at once, and what was filled in stays."""
    context = _context(request, pk)
    given = checklist_form.items(context["duty"], request.POST) if context["duty"] else []
    try:
        sign_off(
            pk,
            checklist_form.answers(given),
            note=request.POST.get("note", ""),
            by=_who(request),
            has_role=request.user.has_perm(roles.PLAN),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    except Invalid as invalid:
        context |= {"items": given, "faults": invalid.faults, "note": request.POST.get("note", "")}
        return TemplateResponse(request, "controlroom/occurrence.html", context)
    else:
        messages.success(request, "Signed off. It stands in the ledger under your name.")
    return redirect("admin:occurrence", pk=pk)


def attach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file that proves that a duty was done."""
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, "Choose a file first.")
        return redirect("admin:occurrence", pk=pk)
    try:
        attachments.attach(
            pk,
            file.name or "",
            file.chunks(),
            home=settings.SCHOOLKEEPER_HOME,
            by=_who(request),
            has_role=request.user.has_perm(roles.PLAN),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Attached. Its digest stands in the ledger.")
    return redirect("admin:occurrence", pk=pk)


def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """An attached file as it was attached, or not at all."""
    attachment = get_object_or_404(Attachment, pk=pk)
    if not attachments.is_intact(settings.SCHOOLKEEPER_HOME, attachment):
        messages.error(request, f"{attachment.name} is gone or is not as it was attached; it is not handed out.")
        return redirect("admin:occurrence", pk=attachment.occurrence_id)
    content = attachments.path_of(settings.SCHOOLKEEPER_HOME, attachment.sha256).open("rb")
    # Never shown inside our pages: whatever somebody attached must not act in a signed-in person's name.
    return FileResponse(
        content, as_attachment=True, filename=attachment.name, content_type="application/octet-stream"
    )


def _context(request: HttpRequest, pk: int) -> dict[str, Any]:
    names, now = Names(), timezone.now()
    found = occurrence.find(pk, settings.SCHOOLKEEPER_HOME, names, now)
    if found is None:
        raise Http404(f"There is no occurrence {pk}.")
    entry, duty = found.record.entry, duties.find(found.line.task)
    is_open = found.can_be_waived and found.record.caught_up_by_id is None
    has_role = request.user.has_perm(roles.PLAN)
    return {
        "title": found.line.title,
        "found": found,
        "line": found.line,
        "entry": entry,
        "how_often": entries.how_often(entry),
        "spec": spec_of(found.line.task),
        "duty": duty,
        "items": checklist_form.items(duty, {}) if duty else (),
        "to_sign": duty is not None and is_open,
        "may_sign": may_sign(entry, _who(request), has_role=has_role),
        "largest_mib": attachments.LARGEST_BYTES // 2**20,
    }


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
