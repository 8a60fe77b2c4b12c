"""The daily programme of a system: every task of the day, asked for at once and carried out in order."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.request import request
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import Cadence, Risk, Spec
from schoolkeeper.programme.order import due
from schoolkeeper.records.models import Run


def daily_tasks(system: str) -> tuple[Spec, ...]:
    """What belongs to the day of this system, in order. Raises Invalid when it is not in our care."""
    return due([task.spec for task in catalogue().values()], Cadence.DAILY, find(system))


@transaction.atomic
def request_daily(system: str, *, by: str) -> tuple[Run, ...]:
    """Ask for all runs of the day, or for none; in the order in which changes will be made.

    Runs that change something take turns in the order asked for (the engine's queue of writers is first in,
    first out for each system); those that only look run beside them. Raises Invalid when there is nothing to do.
    """
    specs = daily_tasks(system)
    if not specs:
        raise Invalid(
            f"daily programme of {system}", ["no daily task fits its components: see `schoolkeeper tasks`"]
        )
    today = timezone.localtime(timezone=ZoneInfo(find(system).timezone)).date()
    return tuple(request(spec.id, system, by=by, occasion=f"daily programme {today}") for spec in specs)


@transaction.atomic
def request_watch(system: str, *, by: str) -> tuple[Run, ...]:
    """Ask for those runs of the day that only look, once more: between programmes, to see how things go."""
    looking = (spec for spec in daily_tasks(system) if spec.risk is Risk.READ_ONLY)
    return tuple(request(spec.id, system, by=by, occasion="watch") for spec in looking)
