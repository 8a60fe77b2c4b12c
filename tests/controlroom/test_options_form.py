"""Forms made from Options models: whatever a task may ask for can be filled in."""

from typing import Literal

import pytest
from pydantic import Field

from schoolkeeper.controlroom.options_form import form_for
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.facts import NoOptions, Options


class Many(Options):
    count: int = Field(3, ge=1, le=9, description="How many")
    share: float = Field(0.5, ge=0, le=1)
    dry: bool = Field(False, description="Only look")
    way: Literal["fast", "slow"] = "fast"
    name: str | None = None
    tables: list[str] = Field(default=[])
    limits: dict[str, int] = Field(default={})


def test_each_type_of_option_gets_its_field() -> None:
    form = form_for(Many)()
    kinds = {name: type(field).__name__ for name, field in form.fields.items()}
    assert kinds == {
        "count": "IntegerField",
        "share": "FloatField",
        "dry": "BooleanField",
        "way": "ChoiceField",
        "name": "CharField",
        "tables": "LinesField",
        "limits": "ValueField",
    }
    assert form.fields["count"].initial == 3
    assert form.fields["count"].help_text == "How many"


def test_what_was_filled_in_comes_out_as_values_that_the_model_takes() -> None:
    filled = {"count": "5", "dry": "on", "way": "slow", "tables": "a\n\n b \n", "limits": '{"x": 1}', "name": ""}
    form = form_for(Many)(filled)
    assert form.is_valid(), form.errors
    options = Many.model_validate(form.given())
    assert options == Many(count=5, dry=True, way="slow", tables=["a", "b"], limits={"x": 1})


@pytest.mark.parametrize("wrong", [{"count": "0"}, {"count": "many"}, {"share": "2"}, {"way": "sideways"}])
def test_limits_are_kept(wrong: dict[str, str]) -> None:
    assert not form_for(Many)(wrong).is_valid()


def test_no_options_make_an_empty_form() -> None:
    assert form_for(NoOptions)({}).is_valid()


@pytest.mark.parametrize("task_id", list(catalogue()))
def test_every_task_of_the_catalogue_takes_its_own_defaults_back(task_id: str) -> None:
    options = catalogue()[task_id].options
    form_class = form_for(options)
    shown = form_class()
    sent = {}
    for bound in shown:
        value = bound.value()
        if isinstance(value, bool):
            sent |= {bound.name: "on"} if value else {}
        elif value is not None:
            sent[bound.name] = str(bound.field.prepare_value(value))
    form = form_class(sent)
    assert form.is_valid(), form.errors
    assert options.model_validate(form.given()) == options()
