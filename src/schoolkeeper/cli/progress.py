"""Live progress of runs: a table that moves in a terminal, a line for each change elsewhere."""

import time
from collections.abc import Callable, Sequence

from django.db import close_old_connections
from rich.console import Console
from rich.live import Live

from schoolkeeper.cli.exits import CouldNotLook
from schoolkeeper.cli.results import runs
from schoolkeeper.programme.following import Snapshot, follow

PATIENCE_SECONDS = 20.0
GONE = (
    "No worker is at work any more, so the runs stand still; they go on when one is back. "
    "Start `schoolkeeper serve`, or `schoolkeeper worker`."
)


def show(ids: Sequence[int], screen: Console | None, between: Callable[[float], object] = time.sleep) -> Snapshot:
    """Follow these runs until nothing more happens by itself; the last snapshot.

    `screen` None shows nothing. Raises CouldNotLook when there has been no worker for a while.
    """
    if screen is not None and screen.is_terminal:
        with Live(console=screen, refresh_per_second=8, transient=True) as display:
            return _until_settled(ids, between, lambda snapshot: display.update(runs.live(snapshot)))
    return _until_settled(ids, between, _Lines(screen).write if screen else lambda _: None)


def _until_settled(
    ids: Sequence[int], between: Callable[[float], object], display: Callable[[Snapshot], object]
) -> Snapshot:
    seen_worker_at = time.monotonic()

    def wait(seconds: float) -> None:
        close_old_connections()  # the database may be restarted while nobody asks it
        between(seconds)

    for snapshot in follow(ids, between=wait):
        display(snapshot)
        if snapshot.has_worker:
            seen_worker_at = time.monotonic()
        elif time.monotonic() - seen_worker_at > PATIENCE_SECONDS and not snapshot.is_settled:
            raise CouldNotLook(GONE)
    return snapshot


class _Lines:
    """Writes what is new since the last snapshot."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._said: set[str] = set()

    def write(self, snapshot: Snapshot) -> None:
        for run in snapshot.runs:
            for step in run.steps:
                if step.state != "planned":
                    self._say(f"  run {run.id} {run.task}: {step.state}: {step.says}")
            word = runs.word_for(run).replace("_", " ")
            self._say(f"run {run.id} {run.task}: {word}" + (f": {run.says}" if run.says else ""))

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._screen.print(line, markup=False, soft_wrap=True)
