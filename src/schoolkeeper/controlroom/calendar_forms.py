"""The forms of the academic calendar: where it is read from, and events that no calendar has."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from schoolkeeper.calendars.academic import events
from schoolkeeper.calendars.academic.fetching import MOST_BYTES
from schoolkeeper.calendars.models import AcademicEvent
from schoolkeeper.calendars.recurrence import as_utc
from schoolkeeper.calendars.zones import zone_of
from schoolkeeper.controlroom import common_fields
from schoolkeeper.controlroom.queries.academic import EVERYBODY

_DATE = {"type": "date"}
_TIME = {"type": "time"}


class InstitutionForm(forms.Form):
    """A form about one institution; an empty one is everybody."""

    institution = forms.ChoiceField(label="For", required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, institutions: Sequence[str], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        choices = [(name, name or EVERYBODY) for name in institutions]
        self.fields["institution"].choices = choices  # type: ignore[attr-defined]


class SourceForm(InstitutionForm):
    """A calendar's address, its text, or a country."""

    title = forms.CharField(
        label="Name",
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="By which people know it, for instance: Registrar's calendar.",
    )
    address = forms.CharField(
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="https://… or webcal://…, or the full path of a file of the machine that Schoolkeeper runs on. "
        "It is read every six hours.",
    )
    content = forms.FileField(
        label="Or a file of yours",
        required=False,
        widget=forms.ClearableFileInput(attrs={"class": "sk-input"}),
        help_text="An iCalendar file (.ics). It stays as it is until somebody puts a newer one in its place.",
    )
    country = forms.CharField(
        label="Or the public holidays of a country",
        required=False,
        max_length=2,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its two letters, such as UZ or DE.",
    )
    subdivision = forms.CharField(
        label="Or of a part of it",
        required=False,
        max_length=10,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its letters beside those of the country, such as BY.",
    )
    field_order = ("institution", "title", "address", "content", "country", "subdivision")

    def clean_content(self) -> str:
        """The text of the file."""
        file = self.cleaned_data.get("content")
        return text_of(file) if file else ""


class EventForm(InstitutionForm):
    """An event that no calendar has: whole days, or from a time to a time."""

    title = forms.CharField(label="What", max_length=500, widget=UnfoldAdminTextInputWidget)
    category = forms.ChoiceField(
        label="Kind", choices=AcademicEvent.Category.choices, widget=UnfoldAdminSelectWidget
    )
    first = forms.DateField(label="First day", widget=UnfoldAdminTextInputWidget(attrs=_DATE))
    last = forms.DateField(label="Last day", widget=UnfoldAdminTextInputWidget(attrs=_DATE))
    starts = forms.TimeField(label="From", required=False, widget=UnfoldAdminTextInputWidget(attrs=_TIME))
    ends = forms.TimeField(
        label="Until",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=_TIME),
        help_text="Leave both times empty for whole days. Times are as the clocks show them there.",
    )
    field_order = ("institution", "title", "category", "first", "last", "starts", "ends")

    def clean(self) -> dict[str, Any]:
        """Either both times or none."""
        given = super().clean() or self.cleaned_data
        if (given.get("starts") is None) != (given.get("ends") is None):
            self.add_error("ends", "Give both times, or none for whole days.")
        for name in ("first", "last"):
            day = given.get(name)
            if isinstance(day, date) and day.year not in common_fields.YEARS:
                self.add_error(name, "A day from the year 2000 to 2199.")
        return given

    @classmethod
    def about(cls, event: AcademicEvent, *given: Any) -> "EventForm":
        """The form of an event that there is; whose it is cannot be changed."""
        zone, all_day = zone_of(event.institution), event.all_day
        begin, end = (moment.astimezone(zone) for moment in (event.starts_at, event.ends_at))
        initial = {
            "institution": event.institution,
            "title": event.title,
            "category": event.category,
            "first": begin.date(),
            "last": (end - timedelta(seconds=1)).date() if all_day else end.date(),
            "starts": None if all_day else f"{begin:%H:%M}",
            "ends": None if all_day else f"{end:%H:%M}",
        }
        form = cls([event.institution], *given, initial=initial)
        form.fields["institution"].disabled = True
        return form

    def span(self) -> tuple[datetime, datetime, bool]:
        """From when to when in UTC, and whether it is whole days."""
        given = self.cleaned_data
        if given["starts"] is None:
            return *events.whole_days(given["institution"], given["first"], given["last"]), True
        zone = zone_of(given["institution"])
        times = [
            as_utc(datetime.combine(given[day], given[at]), zone)
            for day, at in (("first", "starts"), ("last", "ends"))
        ]
        return times[0], times[1], False


def text_of(file: Any) -> str:
    """The text of an uploaded calendar. Raises ValidationError when it is too large or none."""
    if file.size > MOST_BYTES:
        raise forms.ValidationError(f"It is larger than {MOST_BYTES / 1_000_000:.0f} MB: export fewer years.")
    try:
        text = str(file.read().decode("utf-8"))
    except UnicodeDecodeError:
        text = "\x00"
    if not text.strip() or "\x00" in text:
        raise forms.ValidationError("It is no text in UTF-8, which iCalendar is written in.")
    return text
