"""The form of a task's options, made from its Options model: fields, defaults, limits and help come from there."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from schoolkeeper.kernel.facts import Options


class OptionsForm(forms.Form):
    """Base of the generated forms. The engine validates what they give; they only turn text into values."""

    def given(self) -> dict[str, object]:
        """What was filled in; an emptied field means the default."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = UnfoldAdminTextareaWidget

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


class ValueField(forms.JSONField):
    """Any other value, written as JSON."""

    widget = UnfoldAdminTextInputWidget


def form_for(options: type[Options]) -> type[OptionsForm]:
    """A form class with one field for each option."""
    schema = options.model_json_schema()
    shared = schema.get("$defs", {})
    fields = {name: _field(name, _plain(rules, shared)) for name, rules in schema.get("properties", {}).items()}
    return type(f"{options.__name__}Form", (OptionsForm,), fields)


def _plain(rules: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The rules with references and "or null" taken away: an empty field stands for null."""
    for part in (*rules.get("anyOf", ()), *rules.get("allOf", ())):
        if part.get("type") != "null":
            rules = {**_plain(part, shared), **{key: rules[key] for key in rules if key not in ("anyOf", "allOf")}}
            break
    if "$ref" in rules:
        target = shared[rules["$ref"].rsplit("/", 1)[-1]]
        rules = {**target, **{key: rules[key] for key in rules if key != "$ref"}}
    return dict(rules)


def _field(name: str, rules: Mapping[str, Any]) -> forms.Field:
    common: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "help_text": rules.get("description", ""),
        "initial": rules.get("default"),
        "required": False,
    }
    if "enum" in rules:
        choices = [(value, str(value)) for value in rules["enum"]]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **common)
    match rules.get("type"):
        case "boolean":
            return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **common)
        case "integer":
            limits: dict[str, Any] = {"min_value": rules.get("minimum"), "max_value": rules.get("maximum")}
            return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **limits, **common)
        case "number":
            limits = {"min_value": rules.get("minimum"), "max_value": rules.get("maximum")}
            return forms.FloatField(widget=UnfoldAdminDecimalFieldWidget, **limits, **common)
        case "string":
            return forms.CharField(widget=UnfoldAdminTextInputWidget, **common)
        case "array" if rules.get("items", {}).get("type") == "string":
            helps = "; ".join(filter(None, (common["help_text"], "one a line")))
            return LinesField(**{**common, "help_text": helps})
        case _:
            return ValueField(**{**common, "initial": json.dumps(common["initial"])})
