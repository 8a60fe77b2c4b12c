"""The programme in people's own calendars."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer(help="The programme in people's own calendars.", no_args_is_help=True)


@command(app, "make", group="feed", serves=("M113", "M121"))
def make(
    institution: Annotated[str, typer.Option(help="Of all systems of an institution.")] = "",
    person: Annotated[str, typer.Option("--of", help="Of what a person owns or stands in for.")] = "",
    daily: Annotated[bool, typer.Option(help="Also tasks that are done every day.")] = True,
) -> None:
    """Make a calendar feed. Its address is shown once; whoever knows it can read the feed, until it is revoked.

    Example: schoolkeeper feed make --institution "North College" --no-daily
    """
    with database():
        from schoolkeeper.cli.results import feeds

        print(feeds.make(institution, person, daily=daily, by=actor()))  # alone, so that a script can take it


@command(app, "list", group="feed")
def list_(as_json: JsonFlag = False) -> None:
    """List the calendar feeds that are still good.

    Example: schoolkeeper feed list
    """
    with database():
        from schoolkeeper.cli.results import feeds

        emit(feeds.listed(), feeds.render, as_json=as_json)


@command(app, "revoke", group="feed")
def revoke(number: Annotated[int, typer.Argument(help="The feed's number, as `feed list` shows it.")]) -> None:
    """Make the address of a calendar feed worthless at once.

    Example: schoolkeeper feed revoke 3
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.api.feeds import revoke

        done = revoke(number, by=actor(), now=timezone.now())
        console().print(f"The calendar feed of {done} is worthless now.", markup=False)
