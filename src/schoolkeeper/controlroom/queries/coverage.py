"""The coverage as this installation has it."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.module_loading import import_string

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.reporting.coverage import Item, Service, coverage, of_tasks


def items(pages: Iterable[Service]) -> tuple[Item, ...]:
    """All requirements with the tasks and pages that serve them, and what else the settings name.

    SCHOOLKEEPER_SERVICES lists dotted names of functions without arguments that return Services: rooms that
    the control room may not import (the command line) declare theirs so.
    """
    declared = [*of_tasks(catalogue()), *pages]
    for name in getattr(settings, "SCHOOLKEEPER_SERVICES", ()):
        declared += import_string(name)()
    return coverage(declared)
