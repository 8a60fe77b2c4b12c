"""Single occurrences of the programme: signing off, leaving out, and doing after all what was missed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import actor, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schoolkeeper.programme.signing import Answer

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

        from schoolkeeper.kernel.moments import shown
        from schoolkeeper.programme.scheduler.catching_up import catch_up_one

        made = catch_up_one(number, by=actor(), now=timezone.now())
        begins = shown(made.not_before, ZoneInfo(made.entry.zone))
        says = f"{made.entry} is done at the next chance, from {begins}."
        console().print(says, markup=False, soft_wrap=True)


@command(app, "sign", group="programme", serves=("M007", "M042", "M053", "M054", "M055", "M056"))
def sign(
    number: OccurrenceArgument,
    yes: Annotated[
        bool, typer.Option("--yes", help="Everything was done but what --no names; else it asks.")
    ] = False,
    no: Annotated[
        list[str] | None,
        typer.Option(
            "--no", metavar="ITEM=WHY", help="An item that was not done, by its number; may be repeated."
        ),
    ] = None,
    note: Annotated[str, typer.Option(help="Anything else, for the records.")] = "",
    attach: Annotated[list[Path] | None, typer.Option(help="A file that proves it; may be repeated.")] = None,
) -> None:
    """Sign off a duty: answer its checklist, attach what proves it, and give your word.

    Example: schoolkeeper programme sign 4711 --yes --no "2=m.karimova does it by Friday" --attach minutes.pdf
    """
    with database():
        from schoolkeeper.cli.results import signed

        checklist = signed.checklist(number)
        given = signed.answers(checklist, no or []) if yes or no else _asked(checklist)
        done = signed.sign(number, given, note, attach or [], by=actor())
        console().print(f"{done} is signed off.", markup=False)


def _asked(checklist: "Sequence[str]") -> "list[Answer]":
    from schoolkeeper.programme.signing import Answer

    given = []
    for item in checklist:
        done = typer.confirm(item, default=None)
        why = "" if done else typer.prompt("Why not, or who does it until when")
        given.append(Answer(item, done, why))
    return given
