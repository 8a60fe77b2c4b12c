"""The form of one entry of the programme: how often, when, whose, and with what options."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django import forms
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from schoolkeeper.calendars.recurrence import fault_of
from schoolkeeper.controlroom import common_fields, rule_words, wording
from schoolkeeper.controlroom.common_fields import OWN_RULE
from schoolkeeper.controlroom.options_form import OptionsForm, form_for
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.programme.models import Entry

_OPTIONS = "option"
_HOUR_MINUTES = 60


class EntryForm(forms.Form):
    """What a person may set. `changed_values` tells what differs from the entry as it is."""

    often = forms.ChoiceField(label="How often", widget=UnfoldAdminSelectWidget)
    own = common_fields.own_rule()
    at = forms.TimeField(label="At what time", widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}))
    owner = forms.ChoiceField(label="Owner", required=False, widget=UnfoldAdminSelectWidget)
    deputy = forms.ChoiceField(label="Deputy", required=False, widget=UnfoldAdminSelectWidget)
    priority = forms.TypedChoiceField(
        label="Turn, when several things are due",
        choices=list(wording.PRIORITIES.items()),
        coerce=int,
        widget=UnfoldAdminSelectWidget,
    )
    catch_up = forms.ChoiceField(
        label="When it was missed", choices=list(wording.CATCH_UP.items()), widget=UnfoldAdminSelectWidget
    )
    late_after = forms.FloatField(
        label="Late after so many hours",
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="If it has not ended then.",
    )
    missed_after = forms.FloatField(
        label="Given up after so many hours",
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="If it has not begun then, it was missed.",
    )

    def __init__(self, entry: Entry, people: Sequence[str], sent: Mapping[str, Any] | None) -> None:
        is_usual = entry.rule in (*rule_words.CHOICES, "")
        initial = {
            "often": entry.rule if is_usual else OWN_RULE,
            "own": "" if is_usual else entry.rule,
            "at": f"{entry.at:%H:%M}",
            "owner": entry.owner,
            "deputy": entry.deputy,
            "priority": entry.priority,
            "catch_up": entry.catch_up,
            "late_after": _hours(entry.late_after_minutes),
            "missed_after": _hours(entry.missed_after_minutes),
        }
        super().__init__(sent, initial=initial)
        self.entry = entry
        choices = [(rule, rule_words.in_words(rule)) for rule in (*rule_words.CHOICES, "")]
        self._choose("often", [*choices, (OWN_RULE, rule_words.OWN)])
        self.fields["often"].required = False
        for name in ("owner", "deputy"):
            known = {*people, getattr(entry, name)} - {""}
            self._choose(name, [("", "Nobody"), *((person, person) for person in sorted(known))])
        turns = {**wording.PRIORITIES, entry.priority: wording.PRIORITIES.get(entry.priority, str(entry.priority))}
        self._choose("priority", sorted(turns.items()))
        self.fields["at"].help_text = f"As the clocks show it in {entry.zone}."
        task = catalogue().get(entry.task)
        self.options: OptionsForm | None = None
        if task is not None:
            self.options = form_for(task.options)(sent, initial=dict(entry.options), prefix=_OPTIONS)

    def _choose(self, name: str, choices: Sequence[tuple[Any, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def usual(self) -> list[forms.BoundField]:
        """What most people come to change."""
        return [self[name] for name in ("often", "own", "at", "owner", "deputy")]

    @property
    def rare(self) -> list[forms.BoundField]:
        return [self[name] for name in ("catch_up", "priority", "late_after", "missed_after")]

    def clean(self) -> dict[str, Any]:
        """Each field is judged by itself, so that all faults are told at once."""
        given = super().clean() or self.cleaned_data
        if given.get("often") == OWN_RULE:
            rule = str(given.get("own", "")).strip().removeprefix("RRULE:")
            if fault := fault_of(rule):
                self.add_error("own", f"{fault[:1].upper()}{fault[1:]}.")
        if given.get("owner") and given.get("owner") == given.get("deputy"):
            self.add_error("deputy", "Name somebody else: whoever is away cannot be their own deputy.")
        return given

    def is_sound(self) -> bool:
        """Whether all of it can be read, the options too; both are always judged."""
        options_are_sound = self.options is None or self.options.is_valid()
        return self.is_valid() and options_are_sound

    def changed_values(self) -> dict[str, Any]:
        """The fields of the entry that are to be set, by their names; for a form that is sound."""
        given = self.cleaned_data
        often = given["often"]
        values: dict[str, Any] = {
            "rule": given["own"].strip().removeprefix("RRULE:") if often == OWN_RULE else often,
            "at": _without_seconds(given["at"]),
            "owner": given["owner"],
            "deputy": given["deputy"],
            "priority": given["priority"],
            "catch_up": given["catch_up"],
            "late_after_minutes": _minutes(given["late_after"]),
            "missed_after_minutes": _minutes(given["missed_after"]),
        }
        if self.options is not None:
            values["options"] = self._options()
        return {name: value for name, value in values.items() if value != getattr(self.entry, name)}

    def _options(self) -> dict[str, object]:
        """Only what is otherwise than the task's defaults, so that new defaults are followed."""
        assert self.options is not None
        defaults = {name: field.initial for name, field in self.options.fields.items()}
        given = self.options.given()
        return {name: value for name, value in given.items() if value != defaults.get(name)}


def _hours(minutes: int) -> str:
    return f"{minutes / _HOUR_MINUTES:.4g}"


def _minutes(hours: float) -> int:
    return round(hours * _HOUR_MINUTES)


def _without_seconds(at: time) -> time:
    return at.replace(second=0, microsecond=0)
