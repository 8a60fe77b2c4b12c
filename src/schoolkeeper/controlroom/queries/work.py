"""What is being done now, and by whom."""

from dataclasses import dataclass

from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.controlroom.queries.runs import RunRow, row
from schoolkeeper.engine import presence
from schoolkeeper.records.models import Run

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Work:
    """Runs that have not ended (the newest of them; `count` of all), and the workers that are alive."""

    runs: tuple[RunRow, ...]
    count: int
    workers: tuple[str, ...]


def work(names: Names) -> Work:
    going_on = Run.objects.exclude(state=Run.State.ENDED).defer("facts_before", "facts_after")
    runs = list(going_on.order_by("-id")[: _SHOWN + 1])
    count = going_on.count() if len(runs) > _SHOWN else len(runs)
    workers = tuple(f"{one.pk} on {one.host}" for one in presence.alive())
    return Work(tuple(row(run, names) for run in runs[:_SHOWN]), count, workers)
