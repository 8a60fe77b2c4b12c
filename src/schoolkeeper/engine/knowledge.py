"""The catalogue that this installation works with: the built-in tasks and those that the settings name."""

from functools import cache
from importlib.metadata import entry_points

from django.conf import settings

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.registry import Catalogue, build
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.kernel.errors import Invalid

GROUP = "schoolkeeper.tasks"


@cache
def catalogue() -> Catalogue:
    """Built once, then closed. Raises Invalid with every fault.

    Tasks of other packages come through the entry-point group `schoolkeeper.tasks` and are loaded only when
    the setting SCHOOLKEEPER_TASKS names them: installing a package does not give it power.
    """
    return build([*BUILTIN, *(_load(name) for name in settings.SCHOOLKEEPER_TASKS)])


def _load(name: str) -> AnyTask:
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise Invalid("SCHOOLKEEPER_TASKS", [f"no installed package offers a task named {name!r}"])
    task: AnyTask = next(iter(found)).load()()
    return task
