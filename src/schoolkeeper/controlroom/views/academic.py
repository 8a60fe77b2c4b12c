from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from schoolkeeper.calendars.academic import events, freezing, reading, sources
from schoolkeeper.calendars.models import AcademicEvent
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.calendar_forms import EventForm, InstitutionForm, SourceForm, text_of
from schoolkeeper.controlroom.queries import academic
from schoolkeeper.controlroom.scheduling_forms import add_faults
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.finding import Level


def show(request: HttpRequest) -> TemplateResponse:
    """What comes at an institution, where that is known from, and what is frozen because of it."""
    now, known = timezone.now(), academic.institutions()
    named = request.GET.get("institution")
    institution = named if named in known else known[1] if named is None and len(known) > 1 else ""
    asked = request.GET.get("category", "")
    category = asked if asked in AcademicEvent.Category.values else ""
    context = {
        "institution": institution,
        "institution_name": institution or academic.EVERYBODY,
        "institutions": [(name, name or academic.EVERYBODY) for name in known],
        "zone": str(zone_of(institution)),
        "sources": academic.source_rows(institution, now),
        "slice": academic.event_rows(institution, category, request.GET.get("page", ""), now),
        "category": category,
        "rules": academic.rule_rows(institution, now),
        "categories": AcademicEvent.Category.choices,
        "kinds": {**wording.FREEZE_KINDS, "": "No freeze"}.items(),
        "freezes": wording.FREEZES,
    }
    return TemplateResponse(request, "controlroom/academic.html", context)


def add(request: HttpRequest) -> HttpResponseBase:
    """Add a calendar, and read it at once."""
    form = SourceForm(academic.institutions(), *_sent(request), initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = sources.add(**form.cleaned_data, by=_who(request), now=timezone.now())
        except Invalid as invalid:
            add_faults(form, invalid)
        else:
            _read(request, made.pk)
            return _back(made.institution)
    says = "Give one of the three: an address, a file, or a country. Freezes follow what it says."
    return _form_page(request, form, "Add a calendar", says, "Add it")


def read(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read a calendar now instead of within six hours."""
    return _done(request, lambda: _read(request, pk))


def replace(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Put a newer file in the place of an uploaded one."""

    def act() -> None:
        file = request.FILES.get("content")
        if file is None:
            raise Refused("Choose a file first.")
        try:
            text = text_of(file)
        except forms.ValidationError as error:
            raise Refused(error.message) from None
        sources.replace(pk, text, by=_who(request), now=timezone.now())
        _read(request, pk)

    return _done(request, act)


def remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a calendar away, and with it its events and their freezes."""
    reason = request.POST.get("reason", "")
    return _done(
        request,
        lambda: sources.remove(pk, by=_who(request), reason=reason, now=timezone.now()),
        "The calendar is removed, with its events and their freezes.",
    )


def event_add(request: HttpRequest) -> HttpResponseBase:
    """Enter an event that no calendar has."""
    form = EventForm(academic.institutions(), request.POST or None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        starts_at, ends_at, all_day = form.span()
        try:
            events.add(
                institution=given["institution"],
                title=given["title"],
                category=given["category"],
                starts_at=starts_at,
                ends_at=ends_at,
                all_day=all_day,
                by=_who(request),
                now=timezone.now(),
            )
        except Invalid as invalid:
            add_faults(form, invalid, {"ends_at": "last"})
        else:
            messages.success(request, "The event is entered; what it freezes is frozen.")
            return _back(given["institution"])
    says = "For what no calendar has. Its freeze follows the rule for its kind."
    return _form_page(request, form, "Add an event", says, "Add it")


def event_change(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Change an event that was entered by hand."""
    event = get_object_or_404(AcademicEvent, pk=pk, source=None)
    form = EventForm.about(event, *([request.POST] if request.method == "POST" else []))
    if request.method == "POST" and form.is_valid():
        starts_at, ends_at, all_day = form.span()
        given = {name: form.cleaned_data[name] for name in ("title", "category")}
        given |= {"starts_at": starts_at, "ends_at": ends_at, "all_day": all_day}
        try:
            events.change(pk, given, by=_who(request), now=timezone.now())
        except Invalid as invalid:
            add_faults(form, invalid, {"ends_at": "last"})
        else:
            messages.success(request, "The event is changed; its freeze follows.")
            return _back(event.institution)
    return _form_page(request, form, "Change an event", "Its freeze follows what you say here.", "Keep it")


def event_remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take away an event that was entered by hand."""
    return _done(
        request,
        lambda: events.remove(pk, by=_who(request), now=timezone.now()),
        "The event is removed, with its freeze.",
    )


def event_correct(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say what kind an event really is."""
    category = request.POST.get("category", "")
    return _done(
        request,
        lambda: events.correct(pk, category, by=_who(request), now=timezone.now()),
        "Corrected, for all its repetitions and however often its calendar is read.",
    )


def rule(request: HttpRequest) -> HttpResponseBase:
    """Treat a kind of event otherwise, or as is usual again."""
    given, who, now = request.POST, _who(request), timezone.now()
    institution, category = given.get("institution", ""), given.get("category", "")
    if institution not in academic.institutions():
        messages.error(request, f"There is no institution {institution!r} in our care.")
        return _back("")
    if given.get("do") == "reset":
        return _done(
            request,
            lambda: freezing.reset_rule(institution, category, by=who, now=now),
            "It is treated as usual again; freezes follow.",
        )

    def act() -> None:
        freezing.set_rule(
            institution,
            category,
            given.get("kind", ""),
            hours_before=_hours(given, "hours_before"),
            hours_after=_hours(given, "hours_after"),
            by=who,
            now=now,
        )

    return _done(request, act, "The rule is kept, and freezes follow it.")


def _hours(given: QueryDict, name: str) -> int:
    """Hours as a form sends them; -1 for what is no number, which the rule refuses with its limits."""
    text = given.get(name, "") or "0"
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1


def _sent(request: HttpRequest) -> tuple[object, object]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _initial(request: HttpRequest) -> dict[str, str]:
    return {"institution": request.GET.get("institution", "")}


def _read(request: HttpRequest, pk: int) -> None:
    now = timezone.now()
    source = reading.read(pk, now)
    level, says = sources.level_of(source, now)
    tell = messages.success if level is Level.OK else messages.warning
    tell(request, f"{source.title}: {says}")


def _form_page(
    request: HttpRequest, form: InstitutionForm, heading: str, says: str, button: str
) -> TemplateResponse:
    context = {"form": form, "heading": heading, "says": says, "button": button, "back": _initial(request)}
    return TemplateResponse(request, "controlroom/academic_form.html", context)


def _done(request: HttpRequest, act: Callable[[], object], says: str = "") -> HttpResponseBase:
    institution = _about(request)
    try:
        act()
    except (Refused, Invalid) as fault:
        messages.error(request, str(fault))
    else:
        if says:
            messages.success(request, says)
    return _back(institution)


def _about(request: HttpRequest) -> str:
    """The institution on whose page the button was."""
    return request.POST.get("institution", "")


def _back(institution: str) -> HttpResponseBase:
    return redirect(f"{reverse('admin:academic')}?{_query(institution)}")


def _query(institution: str) -> str:
    query = QueryDict(mutable=True)
    query["institution"] = institution
    return query.urlencode()


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
