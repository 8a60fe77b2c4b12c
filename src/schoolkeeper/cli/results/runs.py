"""How runs ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.exits import Exit
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.programme.following import RunView, Snapshot

STYLES = {
    "ok": "green",
    "nothing_to_do": "green",
    "refused": "yellow",
    "undone": "yellow",
    "unknown": "magenta",
    "waiting": "yellow",
    "queued": "dim",
    "running": "cyan",
}


@dataclass(frozen=True, slots=True)
class RunsResult:
    """The runs that were asked for, as they stand at the end of the command."""

    system: str
    occasion: str
    seconds: float
    runs: tuple[RunView, ...]


def word_for(run: RunView) -> str:
    """The outcome, or the state while there is none."""
    return run.outcome or run.state


def exit_for(runs: Sequence[RunView]) -> Exit:
    """0 when all ended well; 3 when all others could not look; 1 for everything else, waiting included."""
    words = {word_for(run) for run in runs} - {outcome.value for outcome in Outcome if outcome.is_good}
    if not words:
        return Exit.FINE
    return Exit.COULD_NOT_LOOK if words == {Outcome.UNKNOWN.value} else Exit.FINDINGS


def render(result: RunsResult) -> RenderableType:
    """One row a run, and what to do about those that wait."""
    waiting = [run.id for run in result.runs if run.state == "waiting"]
    hints = [Text(f"Run {pk} waits: `schoolkeeper approve {pk}` or `deny {pk} --reason …`") for pk in waiting]
    title = Text(f"{result.occasion} on {result.system}: {result.seconds:.1f} s", style="bold")
    return Group(title, table(result.runs), *hints)


def table(runs: Sequence[RunView]) -> Table:
    """One row a run."""
    rows = Table("Run", "Task", "Outcome", "Seconds", "In a sentence", box=None, pad_edge=False)
    for run in runs:
        word = word_for(run)
        seconds = "" if run.seconds is None else f"{run.seconds:.1f}"
        style = STYLES.get(word, "red")
        rows.add_row(str(run.id), run.task, Text(word.replace("_", " "), style), seconds, Text(run.says))
    return rows


def live(snapshot: Snapshot) -> RenderableType:
    """The same while they go on, with the steps of those that run."""
    rows = Table("Run", "Task", "State", "Seconds", "Now", box=None, pad_edge=False)
    for run in snapshot.runs:
        word = word_for(run)
        seconds = "" if run.seconds is None else f"{run.seconds:.1f}"
        state = Text(word.replace("_", " "), STYLES.get(word, "red"))
        rows.add_row(str(run.id), run.task, state, seconds, now(run))
    return rows


def now(run: RunView) -> Text:
    """What a run is doing: the step at work and how many are done, or its outcome in a sentence."""
    if run.is_settled or run.state == "queued":
        return Text(run.says)
    done = sum(step.state == "done" for step in run.steps)
    current = next((step.says for step in run.steps if step.state == "started"), None)
    if not run.steps:
        return Text("looking", style="dim")
    return Text(f"{done}/{len(run.steps)} {current or ('checking the result' if done else 'planned')}")
