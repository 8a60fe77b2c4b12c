"""Which systems are in our care, and what we know how to do to them."""

from pathlib import Path
from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import JsonFlag, actor, emit

app = typer.Typer()


@command(app, "apply", serves=("M102",))
def apply(
    files: Annotated[list[Path], typer.Argument(help="System definition files (TOML).", metavar="FILE…")],
    as_json: JsonFlag = False,
) -> None:
    """Take the systems of definition files into care, or change what is known of them.

    Prints what changes; applying a file twice changes nothing. If any file has a fault, all faults of all
    files are listed with their place, and nothing is applied.

    Example: schoolkeeper apply north-college.toml
    """
    with database(create=True):
        from schoolkeeper.cli.results import applied

        emit(applied.apply(files, by=actor()), applied.render, as_json=as_json)


@command(app, "tasks", serves=("M105", "M113"))
def tasks(as_json: JsonFlag = False) -> None:
    """List what Schoolkeeper knows how to do, when it is usually done and how it is taken back.

    Example: schoolkeeper tasks --json
    """
    with database():
        from schoolkeeper.cli.results import tasks

        emit(tasks.tasks(), tasks.render, as_json=as_json)
