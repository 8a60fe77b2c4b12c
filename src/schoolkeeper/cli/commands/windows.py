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
    """Take a window back, or end one now that has begun.

    Example: schoolkeeper window cancel 12 --reason "the supplier is not ready"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.windows import cancel

        done = cancel(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done} is cancelled." if done.cancelled_at else f"{done} ends now.", markup=False)


@command(app, "move", group="window")
def move(
    number: Annotated[int, typer.Argument(help="The window's number.")],
    starts: FromOption,
    ends: ToOption,
    zone: ZoneOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Let a single window that has not begun happen at another time.

    Example: schoolkeeper window move 12 --from "2027-01-17 20:00" --to "2027-01-17 23:00"
    """
    with database():
        from schoolkeeper.cli.results import windows

        moved = windows.move(number, starts, ends, zone=zone, by=actor())
        emit(moved, lambda one: windows.render((one,)), as_json=as_json)


MinutesOption = Annotated[int, typer.Option(help="How long the window is to be; at most a day.")]


@command(app, "propose", group="window", serves=("M113",))
def propose(
    system: Annotated[str, typer.Argument(help="The system's short name.")],
    minutes: MinutesOption = 120,
    as_json: JsonFlag = False,
) -> None:
    """Say for each weekday when changes disturb least, by what people do in the ERP.

    Example: schoolkeeper window propose north-college --minutes 180
    """
    with database():
        from schoolkeeper.cli.results import window_series

        emit(window_series.proposed(system, minutes), window_series.render_proposed, as_json=as_json)


@command(app, "choose", group="window")
def choose(
    system: Annotated[str, typer.Argument(help="The system's short name.")],
    minutes: MinutesOption = 120,
    day: Annotated[str, typer.Option(help="monday to sunday; default: the quietest of all.")] = "",
    title: Annotated[str, typer.Option(help="What for; people will read it.")] = "Maintenance",
    allows: Annotated[
        str, typer.Option(help="The greatest risk that may run in it: routine, disruptive or destructive.")
    ] = "disruptive",
    says: Annotated[str, typer.Option(help="What users are told about each.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Plan a window each week where it disturbs least; the series says why it is then.

    Example: schoolkeeper window choose north-college --minutes 180 --day sunday
    """
    with database():
        from schoolkeeper.cli.results import window_series

        made = window_series.choose(system, minutes, day=day, title=title, allows=allows, says=says, by=actor())
        emit(made, lambda one: window_series.render((one,)), as_json=as_json)
