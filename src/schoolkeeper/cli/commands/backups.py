"""What lies in a store of backups: sets, what is in them and changed between them, and whether keys open them."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.target import TargetArgument, target
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit
from schoolkeeper.kernel.errors import Invalid

app = typer.Typer(help="Look into a store of backup sets.", no_args_is_help=True)

StoreOption = Annotated[str, typer.Option("--store", help="The store's name in the definition.")]
SetArgument = Annotated[str, typer.Argument(help="The set's id, as `schoolkeeper backups list` shows it.")]


@command(app, "list", group="backups", serves=("M028",))
def list_(system: TargetArgument, store: StoreOption = "backups", as_json: JsonFlag = False) -> None:
    """List the backup sets of a system, newest first, each with the age of its last proof.

    Exit code 1 when a set cannot be used or may be somebody else's, or when there is none.

    Example: schoolkeeper backups list north-college
    """
    with target(system) as found:
        from schoolkeeper.cli.results import backups

        result = backups.listed(found, store)
        emit(result, backups.render, as_json=as_json)
        if not result or not all(line.is_usable for line in result):
            raise typer.Exit(Exit.FINDINGS)


@command(app, "show", group="backups", serves=("M028",))
def show(
    system: TargetArgument, set_id: SetArgument, store: StoreOption = "backups", as_json: JsonFlag = False
) -> None:
    """Show what one set holds, what of it was new, who can open it and what drills found out about it.

    Example: schoolkeeper backups show north-college 20261101T020000Z-1a2b3c4d
    """
    with target(system) as found:
        from schoolkeeper.cli.results import backups

        emit(backups.shown(found, store, set_id), backups.render_set, as_json=as_json)


@command(app, "files", group="backups", serves=("M014",))
def files(
    system: TargetArgument,
    set_id: SetArgument,
    component: Annotated[str, typer.Argument(help="A folder of the set, such as uploads.")],
    pattern: Annotated[str, typer.Argument(help="Which paths; * stands for anything.")] = "*",
    store: StoreOption = "backups",
    as_json: JsonFlag = False,
) -> None:
    """List the files of a set, to find the one that is to be brought back. Needs the private key.

    Example: schoolkeeper backups files north-college 20261101T020000Z-1a2b3c4d uploads "photos/*.jpg"
    """
    with target(system) as found:
        from schoolkeeper.cli.results import backups

        emit(backups.files(found, store, set_id, component, pattern), backups.render_files, as_json=as_json)


@command(app, "compare", group="backups", serves=("M071",))
def compare(
    system: TargetArgument,
    earlier: SetArgument,
    later: SetArgument,
    store: StoreOption = "backups",
    as_json: JsonFlag = False,
) -> None:
    """Say what changed between two sets: tables by their rows, objects, files. Needs the private key.

    Example: schoolkeeper backups compare north-college 20261101T020000Z-1a2b3c4d 20261102T020000Z-5e6f7a8b
    """
    with target(system) as found:
        from schoolkeeper.cli.results import backups_compared

        emit(backups_compared.compared(found, store, earlier, later), backups_compared.render, as_json=as_json)


@command(app, "trend", group="backups", serves=("M046",))
def trend(
    system: Annotated[str, typer.Argument(help="A system's slug.")],
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=730)] = 30,
    weekly: Annotated[bool, typer.Option("--weekly", help="A line for each week instead of each day.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say how long recoveries took and how old the newest backup got, beside what was promised (RTO and RPO).

    Example: schoolkeeper backups trend north-college --days 365 --weekly
    """
    with database():
        from schoolkeeper.cli.results import trend as results

        emit(results.found(system, days, weekly=weekly), results.render, as_json=as_json)


@command(app, "timeline", group="backups", serves=("M014",))
def timeline(
    system: TargetArgument,
    since: Annotated[str, typer.Option("--from", help="ISO 8601; without a zone, a clock at the system's.")] = "",
    until: Annotated[str, typer.Option("--to", help="Likewise; without both, the last 24 hours.")] = "",
    table: Annotated[str, typer.Option(help="Only what changed this table, such as public.grade.")] = "",
    engine: Annotated[str, typer.Option(help="The component of pgBackRest or Barman, where there are two.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say what was committed when, to find the moment to go back to: rows by table, emptied and dropped tables.

    Reads the PostgreSQL log that pgBackRest or Barman keep. For each transaction that took something away it tells
    the option with which recover.point_in_time goes back to just before it.

    Example: schoolkeeper backups timeline north-college --from 2026-11-02T13:30 --to 2026-11-02T15:00
    """
    with target(system) as found:
        from schoolkeeper.cli.results import timeline as results

        now = datetime.now(UTC)
        result = results.found(found, now, since=since, until=until, table=table, engine=engine)
        emit(result, results.render, as_json=as_json)


@command(app, "check-key", group="backups", serves=("M046",))
def check_key(
    system: TargetArgument,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="The file with the private key; without it you are asked.")
    ] = None,
    store: StoreOption = "backups",
    as_json: JsonFlag = False,
) -> None:
    """Prove that the private key that a person keeps opens the newest set; the key itself is kept nowhere.

    Losing the keys is the commonest way to lose all backups. Everybody who keeps one does this now and then;
    drills remind of keys that were not proven for long.

    Example: schoolkeeper backups check-key north-college --key-file /media/stick/north.key

    One that is sealed itself: age --decrypt north.key.age | schoolkeeper backups check-key north-college
    """
    text = _text_of(key_file) if key_file else _asked_for()
    with target(system) as found:
        from schoolkeeper.cli.results import backups

        console().print(backups.check_key(found, store, text, actor()), markup=False, soft_wrap=True)


def _text_of(path: Path) -> str:
    """Somebody may name what is no text, such as a sealed key: that is told like everything that is no key."""
    return path.read_text(encoding="utf-8", errors="replace")


def _asked_for() -> str:
    """The key, typed or pasted without being shown, or from a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read().decode(errors="replace")
    typed: str = typer.prompt("Private key (AGE-SECRET-KEY-…)", hide_input=True, err=True)
    if not typed.strip():
        raise Invalid("private key", ["nothing was typed"])
    return typed
