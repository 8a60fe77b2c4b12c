"""The forms of freezes, windows, overrides and delegations: they turn text into values, which the rooms judge."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dateparse import parse_datetime
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from schoolkeeper.calendars.models import Freeze
from schoolkeeper.calendars.recurrence import as_utc
from schoolkeeper.controlroom import common_fields, wording
from schoolkeeper.controlroom.queries.places import Places
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import Risk


class WallTimeField(forms.CharField):
    """Day and time as a clock on a wall shows them; `clean` gives a naive datetime."""

    widget = UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = parse_datetime(str(text)) if text else None
        except ValueError:
            found = None
        if found is None or found.tzinfo is not None:
            raise forms.ValidationError("Give a day and a time.")
        if found.year not in common_fields.YEARS:
            raise forms.ValidationError("A time from the year 2000 to 2199.")
        return found


class PlacedForm(forms.Form):
    """A form about a place, whose times are those of the clocks there."""

    title = forms.CharField(label="What for", max_length=200, widget=UnfoldAdminTextInputWidget)
    about = forms.ChoiceField(label="For", required=False, widget=UnfoldAdminSelectWidget)
    starts_at = WallTimeField(label="From")
    ends_at = WallTimeField(label="Until", help_text="Times are as the clocks show them where the systems are.")

    def __init__(self, places: Places, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._places = places
        self.fields["about"].choices = places.choices()  # type: ignore[attr-defined]

    @property
    def zone(self) -> ZoneInfo:
        """By which clock the times are meant."""
        return ZoneInfo(self._places.zone(self.cleaned_data.get("about", "")))

    def moment(self, name: str) -> datetime:
        """A given time in UTC."""
        return as_utc(self.cleaned_data[name], self.zone)


class FreezeForm(PlacedForm):
    """A freeze by hand."""

    kind = forms.ChoiceField(choices=list(wording.FREEZE_KINDS.items()), widget=UnfoldAdminSelectWidget)
    field_order = ("title", "kind", "about", "starts_at", "ends_at")

    def __init__(self, places: Places, *given: Any, **more: Any) -> None:
        super().__init__(places, *given, **more)
        self.fields["title"].help_text = "People who are refused will read it, for instance: Final exams."
        self.fields["kind"].initial = Freeze.Kind.HARD


class WindowForm(PlacedForm):
    """A window that comes once."""

    allows = common_fields.allowed_risk()
    says = common_fields.said_to_users()
    field_order = ("title", "about", "starts_at", "ends_at", "allows", "says")

    def __init__(self, places: Places, *given: Any, **more: Any) -> None:
        super().__init__(places, *given, **more)
        self.fields["title"].help_text = "People will read it, for instance: Maintenance of the database."
        self.fields["allows"].initial = Risk.DISRUPTIVE.value


class OverrideForm(forms.Form):
    """Leave to change a system although a freeze, or the lack of a window, forbids it."""

    system = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    task = forms.ChoiceField(
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Name it if you can: an override for any task lets everything through.",
    )
    reason = forms.CharField(
        label="Why it cannot wait",
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="A second person reads it and decides; it stands in the ledger under your name.",
    )
    hours = forms.IntegerField(
        label="For how many hours",
        min_value=1,
        max_value=24,
        initial=4,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="From now on. When it is over, what is not done yet is forbidden again.",
    )

    def __init__(
        self, systems: Sequence[tuple[str, str]], tasks: Sequence[tuple[str, str]], *given: Any, **more: Any
    ) -> None:
        super().__init__(*given, **more)
        self.fields["system"].choices = systems  # type: ignore[attr-defined]
        self.fields["task"].choices = [("", "Any task"), *tasks]  # type: ignore[attr-defined]


class DelegationForm(forms.Form):
    """Who decides in whose stead, and for how long."""

    of = forms.ChoiceField(label="Who is away", widget=UnfoldAdminSelectWidget)
    to = forms.ChoiceField(label="Who decides in their stead", widget=UnfoldAdminSelectWidget)
    starts_at = WallTimeField(label="From")
    ends_at = WallTimeField(label="Until")
    reason = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget)

    def __init__(self, away: Sequence[str], deputies: Sequence[str], zone: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._zone = ZoneInfo(zone)
        self.fields["of"].choices = [(name, name) for name in away]  # type: ignore[attr-defined]
        self.fields["to"].choices = [("", "Choose a person"), *((name, name) for name in deputies)]  # type: ignore[attr-defined]
        self.fields["ends_at"].help_text = f"As the clocks show it in {zone}."

    def moment(self, name: str) -> datetime:
        return as_utc(self.cleaned_data[name], self._zone)


def add_faults(form: forms.Form, invalid: Invalid, names: Mapping[str, str] | None = None) -> None:
    """Put each fault beside the field that it is about; what belongs to no field stands above them.

    `names` maps what a room calls a value to what the form calls it.
    """
    for fault in invalid.faults:
        name, _, says = fault.partition(": ")
        field = (names or {}).get(name, name)
        form.add_error(field if field in form.fields else None, _sentence(says) if field in form.fields else fault)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
