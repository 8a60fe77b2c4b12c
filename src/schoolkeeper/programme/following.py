"""Watching runs until they have ended, by reading their rows: the watcher may leave at any time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from schoolkeeper.engine.presence import alive
from schoolkeeper.records.models import Run, StepRecord

POLL_SECONDS = 0.25
SETTLED = (Run.State.ENDED, Run.State.WAITING)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it stands now."""

    key: str
    says: str
    state: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as it stands now. `seconds` is None before it has started."""

    id: int
    task: str
    state: str
    outcome: str
    says: str
    seconds: float | None
    steps: tuple[StepView, ...]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens by itself: it has ended, or a person must decide."""
        return self.state in SETTLED


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some runs at one moment, and whether any worker is there to go on with them."""

    runs: tuple[RunView, ...]
    has_worker: bool

    @property
    def is_settled(self) -> bool:
        return all(run.is_settled for run in self.runs)


def look(ids: Sequence[int]) -> Snapshot:
    """The runs of these ids, in this order, as they stand now."""
    rows = {run.pk: run for run in Run.objects.filter(pk__in=ids).defer("facts_before", "facts_after")}
    steps: dict[int, list[StepView]] = {pk: [] for pk in ids}
    for step in StepRecord.objects.filter(run__in=ids).only("run_id", "key", "says", "state"):
        steps[step.run_id].append(StepView(step.key, step.says, step.state))
    return Snapshot(tuple(_view(rows[pk], steps[pk]) for pk in ids), bool(alive()))


def follow(
    ids: Sequence[int],
    *,
    poll_seconds: float = POLL_SECONDS,
    between: Callable[[float], object] = time.sleep,
) -> Iterator[Snapshot]:
    """Snapshots of these runs until all are settled; `between` is called with the seconds to wait."""
    while True:
        snapshot = look(ids)
        yield snapshot
        if snapshot.is_settled:
            return
        between(poll_seconds)


def _view(run: Run, steps: list[StepView]) -> RunView:
    until = run.ended_at or timezone.now()
    elapsed: timedelta | None = until - run.started_at if run.started_at else None
    seconds = round(elapsed.total_seconds(), 3) if elapsed is not None else None
    return RunView(run.pk, run.task, run.state, run.outcome, run.says, seconds, tuple(steps))
