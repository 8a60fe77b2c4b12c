"""Carrying out a task while Schoolkeeper itself is down."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.commands.runs import OptionsOption, TaskArgument, options_from
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

if TYPE_CHECKING:
    from schoolkeeper.connectors.system import System
    from schoolkeeper.rescue.course import Shown

app = typer.Typer()


@command(app, "rescue", serves=("M014", "M015"))
def rescue(
    task: TaskArgument,
    definition: Annotated[Path, typer.Argument(help="The system's definition, a TOML file.")],
    option: OptionsOption = None,
    confirm: Annotated[
        str, typer.Option(help="The system's slug, for scripts; without it the command asks for it.")
    ] = "",
    name: Annotated[
        str, typer.Option(help="The journal's name; without it an unfinished one is gone on with.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Carry out one task from this terminal, without Schoolkeeper's database, worker and web.

    It shows what it would do and asks before it does it. Run the same command again after an interruption: it goes
    on where it was. What happened stands in a journal below SCHOOLKEEPER_HOME/rescue.

    Example: schoolkeeper rescue recover.system north-college.toml --option confirm=north-college
    """
    from schoolkeeper.cli.results import rescue as results
    from schoolkeeper.estate.definition import read

    system = read(definition)

    def approve(shown: "Shown") -> bool:
        if not as_json:
            console().print(results.render_plan(system, shown))
        return _agreed(system, confirm)

    told = (lambda sentence: None) if as_json else (lambda sentence: console().print(sentence, markup=False))
    ended = results.rescue(task, system, options_from(option or []), name, actor(), approve, told)
    emit(ended, results.render, as_json=as_json)
    if ended.exit is not Exit.FINE:
        raise typer.Exit(ended.exit)


def _agreed(system: "System", confirm: str) -> bool:
    """Whether the person, or their script, names the system."""
    typed = confirm or typer.prompt(f"Type {system.slug} to go on, anything else to stop", default="", err=True)
    return typed == system.slug
