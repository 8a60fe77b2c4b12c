"""The academic calendar: where it is read from, its events, and what they freeze."""

from pathlib import Path
from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.moments import ZoneOption
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer(help="The academic calendar, and what it freezes.", no_args_is_help=True)
InstitutionOption = Annotated[str, typer.Option("--institution", help="Whose; without it, everybody's.")]
SourceArgument = Annotated[int, typer.Argument(help="The calendar's number.")]
EventArgument = Annotated[int, typer.Argument(help="The event's number.")]
_CATEGORIES = "term, exams, enrolment, results, holiday or other."
_FROM = 'A day, or a time such as "2027-01-11 08:00".'
_TO = "The last day, or a time."


@command(app, "list", group="calendar")
def list_(institution: InstitutionOption = "", as_json: JsonFlag = False) -> None:
    """List calendars, and how far each can be trusted; without an institution, all.

    Example: schoolkeeper calendar list
    """
    with database():
        from schoolkeeper.cli.results import academic

        emit(academic.listed(institution), academic.render, as_json=as_json)


@command(app, "add", group="calendar")
def add(
    title: Annotated[str, typer.Argument(help="By which people know it.")],
    institution: InstitutionOption = "",
    address: Annotated[str, typer.Option(help="https://…, webcal://…, or a full path that is read again.")] = "",
    file: Annotated[Path | None, typer.Option(help="An iCalendar file that is read this once.")] = None,
    country: Annotated[str, typer.Option(help="Public holidays of a country, such as UZ.")] = "",
    subdivision: Annotated[str, typer.Option(help="Of a part of it, such as BY.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Add a calendar and read it at once; give an address, a file or a country.

    Example: schoolkeeper calendar add Holidays --country UZ
    """
    with database():
        from schoolkeeper.cli.results import academic

        made = academic.add(
            title,
            institution=institution,
            address=address,
            file=file,
            country=country,
            part=subdivision,
            by=actor(),
        )
        emit(made, lambda one: academic.render((one,)), as_json=as_json)


@command(app, "read", group="calendar")
def read(number: SourceArgument, as_json: JsonFlag = False) -> None:
    """Read a calendar now instead of within six hours.

    Example: schoolkeeper calendar read 2
    """
    with database():
        from schoolkeeper.cli.results import academic

        emit(academic.read(number), lambda one: academic.render((one,)), as_json=as_json)


@command(app, "replace", group="calendar")
def replace(
    number: SourceArgument,
    file: Annotated[Path, typer.Argument(help="A newer iCalendar file.")],
    as_json: JsonFlag = False,
) -> None:
    """Put a newer file in the place of an uploaded one; corrections of kinds hold.

    Example: schoolkeeper calendar replace 2 exams-2028.ics
    """
    with database():
        from schoolkeeper.cli.results import academic

        done = academic.replace(number, file, by=actor())
        emit(done, lambda one: academic.render((one,)), as_json=as_json)


@command(app, "remove", group="calendar")
def remove(
    number: SourceArgument, reason: Annotated[str, typer.Option(help="Why: what it froze is free again.")]
) -> None:
    """Remove a calendar with its events and their freezes.

    Example: schoolkeeper calendar remove 2 --reason "the registrar has a new one"
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.academic.sources import remove

        remove(number, by=actor(), reason=reason, now=timezone.now())
        console().print(f"Calendar {number} is removed.", markup=False)


@command(app, "events", group="calendar")
def events(
    institution: InstitutionOption = "",
    days: Annotated[int, typer.Option(min=1, max=730, help="How far ahead.")] = 366,
    as_json: JsonFlag = False,
) -> None:
    """List what comes, of what kind it is, and what it freezes.

    Example: schoolkeeper calendar events --institution "North College"
    """
    with database():
        from schoolkeeper.cli.results import academic

        emit(academic.events_of(institution, days), academic.render_events, as_json=as_json)


@command(app, "enter", group="calendar")
def enter(
    title: Annotated[str, typer.Argument(help="What it is.")],
    category: Annotated[str, typer.Argument(help=_CATEGORIES)],
    starts: Annotated[str, typer.Option("--from", help=_FROM)],
    ends: Annotated[str, typer.Option("--to", help=_TO)],
    institution: InstitutionOption = "",
    zone: ZoneOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Enter an event that no calendar has; what it freezes follows the rule for its kind.

    Example: schoolkeeper calendar enter "Resits" exams --from 2027-02-01 --to 2027-02-05
    """
    with database():
        from schoolkeeper.cli.results import academic

        made = academic.enter(title, category, starts, ends, institution=institution, zone=zone, by=actor())
        emit(made, lambda one: academic.render_events((one,)), as_json=as_json)


@command(app, "change", group="calendar")
def change(
    number: EventArgument,
    title: Annotated[str, typer.Option(help="What it is.")] = "",
    category: Annotated[str, typer.Option(help=_CATEGORIES)] = "",
    starts: Annotated[str, typer.Option("--from", help=_FROM)] = "",
    ends: Annotated[str, typer.Option("--to", help=_TO)] = "",
    zone: ZoneOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Change an event that was entered by hand; its freeze follows. Give --from and --to together.

    Example: schoolkeeper calendar change 40 --from 2027-02-08 --to 2027-02-12
    """
    with database():
        from schoolkeeper.cli.results import academic

        done = academic.change(number, title, category, starts, ends, zone=zone, by=actor())
        emit(done, lambda one: academic.render_events((one,)), as_json=as_json)


@command(app, "take-away", group="calendar")
def take_away(number: EventArgument) -> None:
    """Take away an event that was entered by hand, and its freeze.

    Example: schoolkeeper calendar take-away 40
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.academic.events import remove

        remove(number, by=actor(), now=timezone.now())
        console().print(f"Event {number} is taken away.", markup=False)


@command(app, "correct", group="calendar")
def correct(
    number: EventArgument,
    category: Annotated[str, typer.Argument(help=_CATEGORIES)],
) -> None:
    """Say what kind an event and all its repetitions are, however often its calendar is read.

    Example: schoolkeeper calendar correct 40 exams
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.calendars.academic.events import correct

        done = correct(number, category, by=actor(), now=timezone.now())
        console().print(f"{done}: {done.category}", markup=False)


@command(app, "rule", group="calendar")
def rule(
    category: Annotated[str, typer.Argument(help=_CATEGORIES)],
    kind: Annotated[str, typer.Argument(help="hard, soft, none, or usual for what is usual again.")],
    institution: InstitutionOption = "",
    before: Annotated[int, typer.Option(help="Hours before it begins.")] = 0,
    after: Annotated[int, typer.Option(help="Hours after it ends.")] = 0,
) -> None:
    """Say how a kind of event is treated; freezes that are not over follow.

    Example: schoolkeeper calendar rule enrolment hard --before 12
    """
    with database():
        from schoolkeeper.cli.results import academic

        academic.set_rule(institution, category, kind, before, after, by=actor())
        console().print(f"{category}: {kind}", markup=False)
