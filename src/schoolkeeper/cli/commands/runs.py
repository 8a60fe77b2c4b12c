"""Asking for work and watching it."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.exits import CouldNotLook, Exit
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit, warn
from schoolkeeper.kernel.errors import Invalid

if TYPE_CHECKING:
    from schoolkeeper.records.models import Run

app = typer.Typer()
programme = typer.Typer()

TaskArgument = Annotated[str, typer.Argument(help="A task's id, as `schoolkeeper tasks` lists it.")]
SystemArgument = Annotated[str, typer.Argument(help="A system's slug, as in its definition.")]
OptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="NAME=VALUE",
        help="One of `schoolkeeper tasks TASK`; may be repeated.",
    ),
]
NO_WORKER = (
    "No worker is at work, so nothing would happen and nothing was queued. Start `schoolkeeper serve` "
    "(everything) or `schoolkeeper worker` (a worker alone) and try again."
)


@command(app, "plan", serves=("M057",))
def plan(
    task: TaskArgument, system: SystemArgument, option: OptionsOption = None, as_json: JsonFlag = False
) -> None:
    """Say what a run would find and do, and change nothing (a dry run).

    Looks from this machine, now. No run is recorded. Exit code 1 when there are findings at ERROR.

    Example: schoolkeeper plan database.analyze north-college --option changed_percent=5
    """
    with database():
        from schoolkeeper.cli.results import finding_lines, plan

        result = plan.plan(task, system, options_from(option or []))
        emit(result, plan.render, as_json=as_json)
        _exit(finding_lines.exit_for(result.findings))


@command(app, "run")
def run(
    task: TaskArgument, system: SystemArgument, option: OptionsOption = None, as_json: JsonFlag = False
) -> None:
    """Carry out one task on one system and follow it to its outcome.

    A worker does the work: Ctrl-C ends the watching, not the run.

    Example: schoolkeeper run backup.create north-college
    """
    given = options_from(option or [])

    def ask() -> "Sequence[Run]":
        from schoolkeeper.engine.request import request

        return [request(task, system, by=actor(), options=given)]

    _carry_out(system, ask, as_json=as_json)


@command(programme, "daily", group="programme", serves=("M025", "M026", "M027", "M028"))
def daily(system: SystemArgument, as_json: JsonFlag = False) -> None:
    """Carry out the daily programme of a system and follow it to its outcomes.

    All runs are asked for at once. What only looks runs side by side, what changes something takes turns.
    Ctrl-C ends the watching, not the runs.

    Example: schoolkeeper programme daily north-college
    """

    def ask() -> "Sequence[Run]":
        from schoolkeeper.programme.daily import request_daily

        return request_daily(system, by=actor())

    _carry_out(system, ask, as_json=as_json)


def _carry_out(system: str, ask: "Callable[[], Sequence[Run]]", *, as_json: bool) -> None:
    with database():
        from django.db import transaction

        from schoolkeeper.cli import progress
        from schoolkeeper.cli.results import runs
        from schoolkeeper.engine.presence import alive

        began = time.monotonic()
        with transaction.atomic():  # without a worker the request is rolled back, after its faults were found
            asked = ask()
            if not alive():
                raise CouldNotLook(NO_WORKER)
        ids = [run.pk for run in asked]
        try:
            snapshot = progress.show(ids, None if as_json else console())
        except KeyboardInterrupt:
            numbers = ", ".join(map(str, ids))
            warn(f"\nNot watching any more. Run {numbers} goes on: see `schoolkeeper status`.")
            raise typer.Exit(130) from None
        result = runs.RunsResult(system, asked[0].occasion, round(time.monotonic() - began, 3), snapshot.runs)
        emit(result, runs.render, as_json=as_json)
        _exit(runs.exit_for(result.runs))


def options_from(given: Sequence[str]) -> dict[str, object]:
    faults = [f"write name=value, not {text!r}" for text in given if "=" not in text]
    if faults:
        raise Invalid("--option", faults)
    values: dict[str, list[str]] = {}
    for name, _, value in (text.partition("=") for text in given):
        values.setdefault(name, []).append(value)
    return {name: value if len(value) > 1 else value[0] for name, value in values.items()}


def _exit(code: Exit) -> None:
    if code:
        raise typer.Exit(code)
