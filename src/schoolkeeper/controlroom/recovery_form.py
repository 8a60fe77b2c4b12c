"""The form of a recovery: the task's options in the order in which a person thinks of them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.options_form import OptionsForm, form_for
from schoolkeeper.controlroom.queries.recovery import SET
from schoolkeeper.kernel.facts import Options

CONFIRM, UNPROVEN = "confirm", "unproven"
_SAFEST = {"rename_aside": True}
"""What is filled in for somebody under stress, who may take it back."""


class RecoveryForm:
    """`form` is bound to what was sent, if anything was; a task that asks for it gets the slug typed by hand."""

    def __init__(
        self, options: type[Options], slug: str, key: str, sent: Mapping[str, Any] | None, *, proven: bool
    ) -> None:
        self.slug = slug
        self.form: OptionsForm = form_for(options)(sent, initial={SET: key, **_SAFEST})
        fields = self.form.fields
        if SET in fields:
            fields[SET].widget = forms.HiddenInput()
        if proven:
            fields.pop(UNPROVEN, None)
        for field in fields.values():
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 3
        for name in fields.keys() & wording.RECOVERY_LABELS.keys():
            fields[name].label = wording.RECOVERY_LABELS[name]
        if CONFIRM in fields:
            fields[CONFIRM].label = f"Type {slug} to show that you mean this system"
            fields[CONFIRM].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    @property
    def usual(self) -> list[forms.BoundField]:
        """What a person must think about."""
        return [one for one in self.form if not one.is_hidden and one.name not in (CONFIRM, *wording.RARELY_SET)]

    @property
    def rare(self) -> list[forms.BoundField]:
        return [one for one in self.form if one.name in wording.RARELY_SET]

    @property
    def confirm(self) -> forms.BoundField | None:
        return self.form[CONFIRM] if CONFIRM in self.form.fields else None

    def given(self) -> dict[str, object] | None:
        """What was filled in; None while something is missing, which the form then says."""
        if not self.form.is_valid():
            return None
        if CONFIRM in self.form.fields and self.form.cleaned_data[CONFIRM].strip() != self.slug:
            self.form.add_error(CONFIRM, f"This is not the name of the system: it is {self.slug}.")
            return None
        return self.form.given()
