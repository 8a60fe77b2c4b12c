"""A task's options from the names and values that somebody typed."""

from collections.abc import Mapping
from typing import get_origin

from pydantic import ValidationError

from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.facts import Options


def parse_options(task: AnyTask, given: Mapping[str, object]) -> Options:
    """The options; one value for an option that takes several is a list of one.

    Raises Invalid with every fault.
    """
    fields = task.options.model_fields
    several = {name for name, field in fields.items() if get_origin(field.annotation) in (list, tuple)}
    values = {
        name: [value] if name in several and isinstance(value, str) else value for name, value in given.items()
    }
    try:
        options: Options = task.options.model_validate(values)
    except ValidationError as error:
        known = ", ".join(fields) or "none"
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: "
            + (f"no such option; there are: {known}" if fault["type"] == "extra_forbidden" else fault["msg"])
            for fault in error.errors()
        ]
        raise Invalid(f"options of {task.spec.id}", faults) from error
    return options
