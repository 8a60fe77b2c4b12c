"""Windows that repeat."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.commands.freezes import InstitutionOption, SystemOption
from schoolkeeper.cli.database import database
from schoolkeeper.cli.moments import ZoneOption
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer(help="Windows that repeat.", no_args_is_help=True)
SeriesArgument = Annotated[int, typer.Argument(help="The series' number.")]
AtOption = Annotated[str, typer.Option(help="The wall clock's time at which each begins, such as 02:30.")]
RuleOption = Annotated[str, typer.Option(help="How often, as RFC 5545 writes it: FREQ=WEEKLY;BYDAY=SU.")]
AllowsOption = Annotated[str, typer.Option(help="The greatest risk: routine, disruptive or destructive.")]
SaysOption = Annotated[str, typer.Option(help="What users are told about each.")]
WhyOption = Annotated[str, typer.Option(help="Why then, for whoever asks later.")]


@command(app, "list", group="window series")
def list_(system: SystemOption = "", as_json: JsonFlag = False) -> None:
    """List windows that repeat.

    Example: schoolkeeper window series list --system north-college
    """
    with database():
        from schoolkeeper.cli.results import window_series

        emit(window_series.listed(system), window_series.render, as_json=as_json)


@command(app, "begin", group="window series")
def begin(
    title: Annotated[str, typer.Argument(help="What for; people will read it.")],
    rule: RuleOption,
    at: AtOption,
    minutes: Annotated[int, typer.Option(help="How long each is.")],
    system: SystemOption = "",
    institution: InstitutionOption = "",
    zone: ZoneOption = "",
    allows: AllowsOption = "disruptive",
    says: SaysOption = "",
    reason: WhyOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Plan windows that repeat, of a system, an institution, or (with neither) of everything in care.

    Example: schoolkeeper window series begin Care --rule "FREQ=WEEKLY;BYDAY=SU" --at 02:30 --minutes 120
    """
    with database():
        from schoolkeeper.cli.results import window_series

        made = window_series.begin(
            at=at,
            zone=zone,
            allows=allows,
            by=actor(),
            given={
                "title": title, "rule": rule, "minutes": minutes, "system": system, "institution": institution,
                "says": says, "reason": reason,
            },
        )  # fmt: skip
        emit(made, lambda one: window_series.render((one,)), as_json=as_json)


@command(app, "change", group="window series")
def change(
    number: SeriesArgument,
    title: Annotated[str | None, typer.Option(help="What for.")] = None,
    rule: Annotated[str | None, typer.Option(help="How often.")] = None,
    at: Annotated[str | None, typer.Option(help="The wall clock's time at which each begins.")] = None,
    minutes: Annotated[int | None, typer.Option(help="How long each is.")] = None,
    says: Annotated[str | None, typer.Option(help="What users are told about each.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why then.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Change a series; windows that have not begun follow.

    Example: schoolkeeper window series change 3 --at 01:00
    """
    with database():
        from schoolkeeper.cli.results import window_series

        fields = {"title": title, "rule": rule, "minutes": minutes, "says": says, "reason": reason}
        given = {name: value for name, value in fields.items() if value is not None}
        changed = window_series.change(number, given, at=at, by=actor())
        emit(changed, lambda one: window_series.render((one,)), as_json=as_json)


@command(app, "end", group="window series")
def end(
    number: SeriesArgument,
    reason: Annotated[str, typer.Option(help="Why: people have been told of its windows.")],
) -> None:
    """End a series: windows that have not begun are taken away.

    Example: schoolkeeper window series end 3 --reason "the supplier does it"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars import series

        done = series.end(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"{done} has ended.", markup=False)
