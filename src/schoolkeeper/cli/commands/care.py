"""Which systems are in our care, and what we know how to do to them."""

from pathlib import Path
from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

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


@command(app, "protect", serves=("M069",))
def protect(
    store: Annotated[Path, typer.Option(help="The folder for the backup sets, best on another disk.")],
    recipient: Annotated[
        list[str], typer.Option(help="The public key (age1…) of somebody who can open the sets; may be repeated.")
    ],
    identity: Annotated[
        str, typer.Option(help="Where the private key for drills is kept: env:NAME or file:/path.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Take Schoolkeeper's own records into care: backed up, proven and recovered like those of an ERP.

    Writes a definition file and applies it. Keep a copy of that file and the private key outside of this machine,
    and write down the fingerprint that it prints: it tells your own backup sets from what somebody made up.

    Example: schoolkeeper protect --store /mnt/backups --recipient age1… --identity file:/root/drill.key
    """
    from schoolkeeper.server import configuration, own_state

    settings = configuration.read()  # before the database is there: then it looks like one of the operator's own
    with database(create=True):
        from schoolkeeper.cli.results import applied

        file = own_state.write_definition(settings, store.absolute(), recipient, identity)
        emit(applied.apply([file], by=actor()), applied.render, as_json=as_json)
        if not as_json:
            console().print(f"Its definition: {file}", markup=False, soft_wrap=True)
            key = own_state.signing_key(settings)
            sheet = f"For your emergency sheet: sets and proofs are signed with the key {key}"
            console().print(sheet, markup=False, soft_wrap=True)


@command(app, "tasks", serves=("M105", "M113"))
def tasks(
    task: Annotated[str, typer.Argument(help="Only this one, with its options.")] = "", as_json: JsonFlag = False
) -> None:
    """List what Schoolkeeper knows how to do, when it is usually done and how it is taken back.

    Example: schoolkeeper tasks recover.files
    """
    with database():
        from schoolkeeper.cli.results import tasks

        emit(tasks.tasks(task), tasks.render_one if task else tasks.render, as_json=as_json)
