"""Single occurrences of the programme: leaving one out, and doing after all what was missed."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import actor, console

app = typer.Typer()

OccurrenceArgument = Annotated[int, typer.Argument(help="Its number, as `schoolkeeper programme list` shows it.")]


@command(app, "waive", group="programme")
def waive(number: OccurrenceArgument, reason: Annotated[str, typer.Option(help="Why, for whoever asks.")]) -> None:
    """Say that one occurrence need not be done, due or missed.

    Example: schoolkeeper programme waive 4711 --reason "done by hand on Friday"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.programme.scheduler.waiving import waive

        done = waive(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done.entry} is waived.", markup=False)


@command(app, "catch-up", group="programme")
def catch_up(number: OccurrenceArgument) -> None:
    """Have a missed occurrence done after all, at the next chance.

    Example: schoolkeeper programme catch-up 4711
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.programme.scheduler.catching_up import catch_up_one

        made = catch_up_one(number, by=actor(), now=timezone.now())
        says = f"{made.entry} is done at the next chance, from {made.not_before:%Y-%m-%d %H:%M} UTC."
        console().print(says, markup=False, soft_wrap=True)
