"""Times in which an ERP is not to be changed, and the emergency that needs two people."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.moments import ZoneOption
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer(help="Times in which an ERP is not to be changed.", no_args_is_help=True)

SystemOption = Annotated[str, typer.Option("--system", help="One system.")]
InstitutionOption = Annotated[str, typer.Option("--institution", help="All systems of an institution.")]
OverrideArgument = Annotated[int, typer.Argument(help="The override's number.")]
FromOption = Annotated[str, typer.Option("--from", help='Such as "2027-01-15 08:00", or a day.')]
ToOption = Annotated[str, typer.Option("--to", help="The same; a day means its beginning.")]


@command(app, "list", group="freeze", serves=("M113",))
def list_(
    system: SystemOption = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List freezes that are in force or to come, and the overrides against them.

    Example: schoolkeeper freeze list --system north-college
    """
    with database():
        from schoolkeeper.cli.results import freezes

        emit(freezes.listed(system, everything=everything), freezes.render, as_json=as_json)


@command(app, "declare", group="freeze")
def declare(
    title: Annotated[str, typer.Argument(help="What for; people will ask.")],
    starts: FromOption,
    ends: ToOption,
    kind: Annotated[
        str, typer.Option(help="hard: nothing of the ERP is changed; soft: nothing that disturbs its users.")
    ] = "hard",
    system: SystemOption = "",
    institution: InstitutionOption = "",
    zone: ZoneOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Declare a freeze, of a system, an institution, or (with neither) of everything in care.

    It binds the scheduler, this command line, the REST API and the control room alike. Looking, and taking
    backups, goes on.

    Example: schoolkeeper freeze declare "Exams" --from 2027-01-11 --to "2027-01-23 18:00" --system north-college
    """
    with database():
        from schoolkeeper.cli.results import freezes

        made = freezes.declare(
            title, kind, starts, ends, system=system, institution=institution, zone=zone, by=actor()
        )
        emit(made, freezes.render_one, as_json=as_json)


@command(app, "lift", group="freeze")
def lift(
    number: Annotated[int, typer.Argument(help="The freeze's number.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever asks.")],
) -> None:
    """End a freeze before its time, for all that it binds.

    Example: schoolkeeper freeze lift 7 --reason "the exams are over a day early"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.freezes import lift

        done = lift(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done} is lifted.", markup=False)


@command(app, "override", group="freeze", serves=("M106",))
def override(
    system: Annotated[str, typer.Argument(help="A system's slug.")],
    reason: Annotated[str, typer.Option(help="Why it cannot wait: the one who grants it must know.")],
    task: Annotated[str, typer.Option(help="Only this task; default: any.")] = "",
    hours: Annotated[int, typer.Option(help="How long, from now.", min=1, max=24)] = 4,
    as_json: JsonFlag = False,
) -> None:
    """Ask for leave to change a system in spite of a freeze or outside of a window. A second person grants it.

    Example: schoolkeeper freeze override north-college --reason "the disk is full" --task storage.cleanup
    """
    with database():
        from schoolkeeper.cli.results import freezes

        asked = freezes.ask(system, task, reason, hours, by=actor())
        emit(asked, lambda one: freezes.override_table((one,)), as_json=as_json)


@command(app, "grant", group="freeze")
def grant(number: OverrideArgument) -> None:
    """Grant an override that somebody else asked for.

    Example: schoolkeeper freeze grant 3
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.overrides import grant
        from schoolkeeper.calendars.scope import clock_of
        from schoolkeeper.kernel.moments import shown

        done = grant(number, by=actor(), now=timezone.now())
        until = shown(done.expires_at, clock_of(done.system))
        console().print(f"{done.task or 'Every task'} may change {done.system} until {until}.", markup=False)


@command(app, "end", group="freeze")
def end(
    number: OverrideArgument, reason: Annotated[str, typer.Option(help="Why, for the one who asked.")]
) -> None:
    """Refuse an override, or take it back.

    Example: schoolkeeper freeze end 3 --reason "it can wait until Monday"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.overrides import end

        done = end(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done} has ended.", markup=False)
