"""The programme: what is to be done when, and setting it."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from schoolkeeper.cli import moments
from schoolkeeper.cli.command import command
from schoolkeeper.cli.commands.runs import SystemArgument, options_from
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer()
YEAR_DAYS = 366
EntryArgument = Annotated[str, typer.Argument(help="A task or duty, as `schoolkeeper programme show` lists it.")]


@command(app, "show", group="programme", serves=("M005", "M006", "M007", "M008", "M113"))
def show(
    system: SystemArgument,
    days: Annotated[int, typer.Option(help="How far ahead.", min=1, max=YEAR_DAYS)] = 7,
    year: Annotated[bool, typer.Option("--year", help="A year ahead.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the programme of a system: what is done when and by whom, and what is due from today.

    Example: schoolkeeper programme show north-college --days 30
    """
    with database():
        from schoolkeeper.cli.results import programme as results

        emit(results.show(system, YEAR_DAYS if year else days), results.render, as_json=as_json)


@command(app, "list", group="programme", serves=("M113",))
def list_(
    system: Annotated[str, typer.Option(help="Only this system.")] = "",
    person: Annotated[str, typer.Option("--of", help="Only what this person owns or stands in for.")] = "",
    hours: Annotated[int, typer.Option(help="How far ahead.", min=1, max=24 * YEAR_DAYS)] = 24,
    as_json: JsonFlag = False,
) -> None:
    """List what is next, what is late and what was missed, over all systems.

    Example: schoolkeeper programme list --of m.karimova
    """
    with database():
        from schoolkeeper.cli.results import programme as results

        emit(results.agenda(system, person, hours), results.render_agenda, as_json=as_json)


@command(app, "set", group="programme", serves=("M105",))
def set_(
    system: SystemArgument,
    task: EntryArgument,
    rule: Annotated[str | None, typer.Option(help="RFC 5545, such as FREQ=WEEKLY;BYDAY=SU.")] = None,
    at: Annotated[str | None, typer.Option(help="The wall clock's time, such as 02:30.")] = None,
    zone: Annotated[str | None, typer.Option(help="By which clock, such as Asia/Tashkent.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    deputy: Annotated[str | None, typer.Option(help="Who stands in.")] = None,
    priority: Annotated[int | None, typer.Option(help="0 goes first, 100 last.")] = None,
    late_after: Annotated[str | None, typer.Option(help="When it is late, such as 4h after it was due.")] = None,
    missed_after: Annotated[str | None, typer.Option(help="When it is given up, such as 2d.")] = None,
    catch_up: Annotated[str | None, typer.Option(help="What becomes of a missed one: run, skip or ask.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            metavar="NAME=VALUE",
            help="One of `schoolkeeper tasks TASK`; may be repeated.",
        ),
    ] = None,
    usual: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Let a field be as usual again; may be repeated.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change an entry of a system's programme. Occurrences that have not begun move with it.

    Example: schoolkeeper programme set north-college backup.drill --rule "FREQ=WEEKLY;BYDAY=SU" --at 02:30
    """
    typed = {"rule": rule, "zone": zone, "owner": owner, "deputy": deputy, "priority": priority}
    fields: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
    fields |= {"catch_up": catch_up} if catch_up is not None else {}
    options = moments.Options(f"programme of {system}")
    if at is not None:
        fields["at"] = options.parse("at", lambda: _wall_clock(at), time())
    if late_after is not None:
        fields["late_after_minutes"] = options.parse("late-after", lambda: _minutes(late_after), 1)
    if missed_after is not None:
        fields["missed_after_minutes"] = options.parse("missed-after", lambda: _minutes(missed_after), 1)
    options.end()
    if option:
        fields["options"] = options_from(option)
    fields |= {name.replace("-", "_"): None for name in usual or []}
    _change(system, task, fields, as_json=as_json)


def _wall_clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"write a wall-clock time such as 02:30, not {text!r}") from None


def _minutes(text: str) -> int:
    return moments.span(text) // timedelta(minutes=1)


def _change(system: str, task: str, fields: dict[str, Any], *, as_json: bool) -> None:
    with database():
        from django.utils import timezone

        from schoolkeeper.cli.results import programme as results
        from schoolkeeper.programme import entries, outlook

        now = timezone.now()
        entries.bring_into_line(system, now)
        entries.change(system, task, fields, by=actor(), now=now)
        emit((outlook.entry(system, task, now),), results.entry_table, as_json=as_json)


@command(app, "pause", group="programme")
def pause(
    system: SystemArgument,
    task: EntryArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks.")],
) -> None:
    """Let what comes due of an entry be waived in your name, until it is resumed.

    Example: schoolkeeper programme pause north-college storage.cleanup --reason "the disk is being replaced"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.programme import entries

        entries.bring_into_line(system, timezone.now())
        entries.pause(system, task, by=actor(), reason=reason)
        console().print(f"{task} on {system} is paused.", markup=False)


@command(app, "resume", group="programme")
def resume(system: SystemArgument, task: EntryArgument) -> None:
    """End a pause.

    Example: schoolkeeper programme resume north-college storage.cleanup
    """
    with database():
        from schoolkeeper.programme import entries

        entries.resume(system, task, by=actor())
        console().print(f"{task} on {system} goes on.", markup=False)


@command(app, "apply", group="programme", serves=("M102",))
def apply(
    file: Annotated[Path, typer.Argument(help="A programme, as `schoolkeeper programme export` writes it.")],
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a system's programme what a file says: what it does not name is as usual.

    Prints what changes; applying a file twice changes nothing. All faults are listed with their place, and then
    nothing is applied.

    Example: schoolkeeper programme apply north-college-programme.toml --dry-run
    """
    with database():
        from schoolkeeper.cli.results import applied

        emit(applied.apply_programme(file, by=actor(), dry=dry), applied.render, as_json=as_json)


@command(app, "export", group="programme", serves=("M105",))
def export(system: SystemArgument) -> None:
    """Write what was set in a system's programme as TOML; what is usual stands there as comments.

    Example: schoolkeeper programme export north-college > north-college-programme.toml
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.programme import entries, sheet

        entries.bring_into_line(system, timezone.now())
        print(sheet.export(system), end="")


@command(app, "limits", group="programme")
def limits(
    put: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SCOPE[:NAME]=RUNS", help="Such as host=4 or host:web1=2; may be repeated."),
    ] = None,
    usual: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE[:NAME]", help="Let one be as usual again; may be repeated.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show, and set, how many runs of the programme go on at a time: per system, host and institution.

    Example: schoolkeeper programme limits --set host:web1=2
    """
    with database():
        from django.db import transaction

        from schoolkeeper.cli.results import limits as results
        from schoolkeeper.programme.limits import limits

        with transaction.atomic():
            results.put(put or [], by=actor())
            results.reset(usual or [], by=actor())
        emit(limits(), results.render, as_json=as_json)
