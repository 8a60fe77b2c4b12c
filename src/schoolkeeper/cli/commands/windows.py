"""Times in which an ERP may be disturbed."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.commands.freezes import FromOption, InstitutionOption, SystemOption, ToOption
from schoolkeeper.cli.database import database
from schoolkeeper.cli.moments import ZoneOption
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer(help="Times in which an ERP may be disturbed.", no_args_is_help=True)


@command(app, "list", group="window", serves=("M113",))
def list_(
    system: SystemOption = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is over or cancelled.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the maintenance windows that are open or to come.

    Example: schoolkeeper window list --system north-college
    """
    with database():
        from schoolkeeper.cli.results import windows

        emit(windows.listed(system, everything=everything), windows.render, as_json=as_json)


@command(app, "plan", group="window", serves=("M113",))
def plan(
    title: Annotated[str, typer.Argument(help="What for; people will read it.")],
    starts: FromOption,
    ends: ToOption,
    system: SystemOption = "",
    institution: InstitutionOption = "",
    zone: ZoneOption = "",
    allows: Annotated[
        str, typer.Option(help="The greatest risk that may run in it: routine, disruptive or destructive.")
    ] = "disruptive",
    says: Annotated[str, typer.Option(help="What users are told about it.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Plan a maintenance window of a system, an institution, or (with neither) of everything in care.

    Once a system has windows, what disturbs its users waits for one.

    Example: schoolkeeper window plan "Upgrade" --from "2027-01-16 20:00" --to "2027-01-16 23:00"
    """
    with database():
        from schoolkeeper.cli.results import windows

        made = windows.plan(
            title,
            starts,
            ends,
            system=system,
            institution=institution,
            zone=zone,
            allows=allows,
            says=says,
            by=actor(),
        )
        emit(made, lambda one: windows.render((one,)), as_json=as_json)


@command(app, "cancel", group="window")
def cancel(
    number: Annotated[int, typer.Argument(help="The window's number.")],
    reason: Annotated[str, typer.Option(help="Why: people have been told of it.")],
) -> None:
    """Take a window back that is not over.

    Example: schoolkeeper window cancel 12 --reason "the supplier is not ready"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.windows import cancel

        done = cancel(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done} is cancelled.", markup=False)
