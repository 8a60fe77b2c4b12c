"""Keeping Schoolkeeper itself running, and who may sign in to it."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.exits import CouldNotLook
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit
from schoolkeeper.kernel.errors import Invalid

if TYPE_CHECKING:
    from schoolkeeper.server.serving import Serving

app = typer.Typer()
users = typer.Typer(help="Who may sign in to the control room.", no_args_is_help=True)
LOOPBACK = "127.0.0.1"

HostOption = Annotated[
    str, typer.Option(help="The address to listen on; others than the loopback need SCHOOLKEEPER_HOSTS.")
]
PortOption = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


@command(app, "serve")
def serve(
    host: HostOption = LOOPBACK,
    port: PortOption = 8000,
    workers: Annotated[int, typer.Option(help="How many processes carry out runs.", min=1, max=32)] = 1,
) -> None:
    """Run everything: the database, the control room and the workers, until Ctrl-C.

    With SCHOOLKEEPER_DATABASE_URL your own PostgreSQL is used, else the embedded one, in SCHOOLKEEPER_HOME.
    The first start makes an administrator and says the password, once.

    Example: schoolkeeper serve --port 8080 --workers 2
    """
    from schoolkeeper.server import configuration, serving

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    serving.serve(configuration.read(), host=host, port=port, workers=workers, started=_say)
    console().print("Everything is stopped.")


def _say(serving: "Serving") -> None:
    out = console()
    out.print(f"Schoolkeeper is at {serving.address} - stop it with Ctrl-C.", soft_wrap=True)
    if serving.first_sign_in:
        name, password = serving.first_sign_in
        says = f"Sign in as {name} with the password {password} (shown this once)."
        out.print(says, markup=False, soft_wrap=True)


@command(app, "worker")
def worker(
    name: Annotated[str | None, typer.Option(help="Its name, unlike that of every other worker.")] = None,
) -> None:
    """Run one worker, until Ctrl-C; for more hands than `serve` gives, also on other machines.

    Example: SCHOOLKEEPER_DATABASE_URL=… schoolkeeper worker --name second-host
    """
    with database():
        from django.conf import settings
        from django.db import connections

        from schoolkeeper.server.worker import LOG_FORMAT, run

        logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
        connections.close_all()
        run(name or settings.CONFIGURATION.worker_id)


@command(users, "create", group="users")
def create(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, keeper, approver, auditor or administrator.")],
    password_file: Annotated[
        Path | None, typer.Option(help="A file whose first line is the password; default: ask.")
    ] = None,
) -> None:
    """Make a user of the control room. The password is asked for, or read from a file; never an argument.

    Example: schoolkeeper users create m.karimova --role approver
    """
    password = _password(password_file)
    with database(create=True):
        from schoolkeeper.server.accounts import create

        create(name, role, password, by=actor())
        console().print(f"{name} can sign in as {role}.")


@command(users, "token", group="users")
def token(
    name: Annotated[str, typer.Argument(help="The user whom the token acts for, with the user's roles.")],
    purpose: Annotated[str, typer.Option("--for", help="What it is for, such as the name of the program.")],
    days: Annotated[int, typer.Option(help="How long it is good for.", min=1, max=366)] = 90,
) -> None:
    """Make a token with which a program uses the REST API. It is shown once and kept only as a digest.

    Example: schoolkeeper users token dashboard --for "the wall screen" --days 180
    """
    with database():
        from schoolkeeper.cli.results import tokens

        print(tokens.make(name, purpose, days, by=actor()))  # alone, so that a script can take it


@command(users, "tokens", group="users")
def tokens_(as_json: JsonFlag = False) -> None:
    """List the tokens of programs: whom they act for, what they are for and until when they are good.

    Example: schoolkeeper users tokens
    """
    with database():
        from schoolkeeper.cli.results import tokens

        emit(tokens.listed(), tokens.render, as_json=as_json)


@command(users, "revoke", group="users")
def revoke(number: Annotated[int, typer.Argument(help="The token's number, as `users tokens` shows it.")]) -> None:
    """Make a token worthless at once.

    Example: schoolkeeper users revoke 3
    """
    with database():
        from schoolkeeper.cli.results import tokens

        console().print(tokens.revoke(number, by=actor()), markup=False)


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CouldNotLook(f"{file}: {error.strerror}") from error
    if not lines or not lines[0]:
        raise Invalid("password", [f"{file}: its first line is empty"])
    return lines[0]
