"""The form of windows that repeat: how often, when, how long, and what may be done in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from schoolkeeper.calendars.models import WindowSeries
from schoolkeeper.calendars.recurrence import as_utc
from schoolkeeper.calendars.series import LONGEST_MINUTES, SHORTEST_MINUTES
from schoolkeeper.controlroom import common_fields, rule_words
from schoolkeeper.controlroom.common_fields import OWN_RULE
from schoolkeeper.controlroom.queries.places import Places, scope
from schoolkeeper.controlroom.scheduling_forms import WallTimeField
from schoolkeeper.kernel.spec import Risk

_CHOICES = [rule for rule in rule_words.CHOICES if not rule.startswith("FREQ=HOURLY")]
_LIKELIEST = "FREQ=WEEKLY;BYDAY=SU"  # whoever does not look must not plan a disturbance of every day
NAMES: Mapping[str, str] = {"rule": "own"}
"""What the series' room calls a field, and what the form does."""


class SeriesForm(forms.Form):
    """A new series, or one that goes on: then it is about what it was about."""

    title = forms.CharField(label="What for", max_length=200, widget=UnfoldAdminTextInputWidget)
    about = forms.ChoiceField(label="For", required=False, widget=UnfoldAdminSelectWidget)
    often = forms.ChoiceField(label="How often", widget=UnfoldAdminSelectWidget)
    own = common_fields.own_rule()
    at = forms.TimeField(
        label="Each begins at",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}),
        help_text="As the clocks show it where the systems are.",
    )
    minutes = forms.IntegerField(
        label="For how many minutes",
        min_value=SHORTEST_MINUTES,
        max_value=LONGEST_MINUTES,
        initial=120,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    allows = common_fields.allowed_risk(Risk.DISRUPTIVE)
    says = common_fields.said_to_users()
    reason = forms.CharField(
        label="Why then",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="For whoever asks later.",
    )

    def __init__(
        self, places: Places, sent: Mapping[str, Any] | None, series: WindowSeries | None = None, about: str = ""
    ) -> None:
        super().__init__(sent, initial=_initial(series) if series else {"about": about, "often": _LIKELIEST})
        self._places, self._series = places, series
        self.fields["about"].choices = places.choices()  # type: ignore[attr-defined]
        often = [(rule, rule_words.in_words(rule)) for rule in _CHOICES]
        self.fields["often"].choices = [*often, (OWN_RULE, rule_words.OWN)]  # type: ignore[attr-defined]
        if series:
            del self.fields["about"]
            self.fields["at"].help_text = f"As the clocks show it in {series.zone}."

    def given(self) -> dict[str, Any]:
        """The fields of a series, for a form that is sound; with whom it is about when it is new."""
        given = self.cleaned_data
        values = {name: given[name] for name in ("title", "minutes", "allows", "says", "reason")}
        values["rule"] = given["often"] if given["often"] != OWN_RULE else given["own"].removeprefix("RRULE:")
        values["at"] = given["at"].replace(second=0, microsecond=0)
        if self._series is None:
            about = given["about"]
            values |= {"zone": self._places.zone(about), **scope(about)}
        return values


class MoveForm(forms.Form):
    """When a single window happens instead, by the clock of its place."""

    starts_at = WallTimeField()
    ends_at = WallTimeField()

    def moment(self, name: str, zone: str) -> datetime:
        return as_utc(self.cleaned_data[name], ZoneInfo(zone))


def _initial(series: WindowSeries) -> dict[str, Any]:
    is_usual = series.rule in _CHOICES
    words = {name: getattr(series, name) for name in ("title", "minutes", "allows", "says", "reason")}
    return {
        **words,
        "often": series.rule if is_usual else OWN_RULE,
        "own": "" if is_usual else series.rule,
        "at": f"{series.at:%H:%M}",
    }
