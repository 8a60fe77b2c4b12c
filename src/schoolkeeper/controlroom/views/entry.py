from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.entry_form import EntryForm
from schoolkeeper.controlroom.queries.entries import describe_fields, how_often
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.tasks import spec_of, title_of_task
from schoolkeeper.controlroom.scheduling_forms import add_faults
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme import duties, entries
from schoolkeeper.programme.models import Entry
from schoolkeeper.programme.moving import moving

# What the entries' room calls a field, and what the form does.
_NAMES = {"rule": "own", "late_after_minutes": "late_after", "missed_after_minutes": "missed_after"}


def show(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """Change one entry. What it moves is said first; what is said and what is saved are the same, or it is said
    again."""
    entry = _find(slug, task_id)
    sent = request.POST if request.method == "POST" else None
    to_usual = sent is not None and sent.get("do") == "usual"
    form = EntryForm(entry, _people(), None if to_usual else sent)
    context = _context(entry, form)
    if to_usual:
        usual = entries.usual_of(entry)
        names = [name for name in entry.changed if name in entries.CHANGEABLE]
        answer = _settle(
            request, entry, {name: usual.get(name, "") for name in names}, context, dict.fromkeys(names)
        )
        return answer or TemplateResponse(request, "controlroom/entry.html", context)
    if sent is not None and form.is_sound():
        values = form.changed_values()
        faults = entries.faults_of(entry, values)
        if faults:
            _tell(form, Invalid(task_id, faults))
        elif answer := _settle(request, entry, values, context, values):
            return answer
    return TemplateResponse(request, "controlroom/entry.html", context)


def _settle(
    request: HttpRequest,
    entry: Entry,
    values: Mapping[str, Any],
    context: dict[str, Any],
    fields: Mapping[str, Any],
) -> HttpResponseBase | None:
    """Save what was confirmed, or what moves nothing; else say in the page what would move."""
    if not values:
        messages.info(request, "It is so already; nothing was changed.")
        return redirect("admin:system_programme", slug=entry.system)
    move = moving(entry, values, timezone.now())
    stamp = digest([sorted((name, str(value)) for name, value in values.items()), str(move)])
    if move is None or request.POST.get("confirmed") == stamp:
        entries.change(entry.system, entry.task, fields, by=_who(request), now=timezone.now())
        messages.success(request, f"Changed: {title_of_task(entry.task)}.")
        return redirect("admin:system_programme", slug=entry.system)
    context |= {
        "move": move,
        "stamp": stamp,
        "told": describe_fields(entry, values),
        "do": request.POST.get("do", ""),
    }
    return None


def pause(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """Let what comes due be waived in one's own name, until the pause ends."""
    entry = _find(slug, task_id)
    try:
        entries.pause(slug, entry.task, by=_who(request), reason=request.POST.get("reason", ""))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Paused. What comes due is waived in your name until somebody ends the pause.")
    return redirect("admin:entry", slug=slug, task_id=task_id)


def resume(request: HttpRequest, slug: str, task_id: str) -> HttpResponseBase:
    """End a pause."""
    entries.resume(slug, _find(slug, task_id).task, by=_who(request))
    messages.success(request, "It goes on as the programme says.")
    return redirect("admin:entry", slug=slug, task_id=task_id)


def _find(slug: str, task_id: str) -> Entry:
    return get_object_or_404(Entry, system=slug, task=task_id, retired_at=None)


def _context(entry: Entry, form: EntryForm) -> dict[str, Any]:
    system = Names()[entry.system]
    if not system.in_care:
        raise Http404(f"{entry.system} is not in our care any more.")
    return {
        "title": title_of_task(entry.task),
        "entry": entry,
        "system": system,
        "form": form,
        "how_often": how_often(entry),
        "spec": spec_of(entry.task),
        "duty": duties.find(entry.task),
        "is_usual": not entry.changed,
    }


def _people() -> list[str]:
    """Whoever has a role, by name."""
    users = User.objects.filter(is_active=True, groups__name__in=roles.ROLES).distinct()
    return list(users.order_by("username").values_list("username", flat=True))


def _tell(form: EntryForm, invalid: Invalid) -> None:
    """Faults of options go to the options' own form, beside their fields where they name them."""
    mine = [fault for fault in invalid.faults if not fault.startswith("options: ")]
    add_faults(form, Invalid(invalid.what, mine), _NAMES)
    theirs = [fault.removeprefix("options: ") for fault in invalid.faults if fault.startswith("options: ")]
    if form.options is not None:
        add_faults(form.options, Invalid(invalid.what, theirs))


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
