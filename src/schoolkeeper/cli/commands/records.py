"""What happened, and how things are."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit

app = typer.Typer()
ledger = typer.Typer(help="The tamper-evident record of everything that was done.", no_args_is_help=True)
report = typer.Typer(help="Reports for people.", no_args_is_help=True)


@command(app, "status", serves=("M031", "M114"))
def status(as_json: JsonFlag = False) -> None:
    """Say how every system is, as far as the records know; this looks at no system.

    Exit code 1 when a system has an error or is on hold, 3 when one is unknown.

    Example: schoolkeeper status
    """
    with database():
        from schoolkeeper.cli.results import status

        result = status.status()
        emit(result, status.render, as_json=as_json)
        _exit(status.exit_for(result))


@command(app, "findings", serves=("M009", "M115"))
def findings(
    system: Annotated[str | None, typer.Option(help="Only those of this system.")] = None,
    level: Annotated[
        str | None, typer.Option(help="Only this level or worse: ok, info, warning, error, unknown.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the silenced, and those below warning.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List open findings, the worst first.

    Example: schoolkeeper findings --system north-college --level error
    """
    with database():
        from schoolkeeper.cli.results import finding_lines, findings

        lines = findings.findings(system=system, level=level, everything=everything)
        emit(lines, finding_lines.render, as_json=as_json)
        _exit(finding_lines.exit_for(lines))


@command(app, "silence")
def silence(
    code: Annotated[str, typer.Argument(help="The finding's code, such as health.host.disk.")],
    system: Annotated[str, typer.Argument(help="The system's slug.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever reads this later.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day (UTC) it speaks up again.")],
    subject: Annotated[
        str | None, typer.Option(help="Only this subject (empty: only the one without); default: every subject.")
    ] = None,
) -> None:
    """Pass over a finding that is known, until a day and for a reason.

    Example: schoolkeeper silence health.host.disk north-college --reason "new disk ordered" --until 2027-01-15
    """
    with database():
        from schoolkeeper.cli.results import findings

        findings.silence(code, system, subject=subject, reason=reason, until=until, by=actor())
        console().print(f"{code} on {system} is silent until {until:%Y-%m-%d}.")


@command(app, "coverage")
def coverage(as_json: JsonFlag = False) -> None:
    """List the 144 items of the requirements with the tasks, pages, commands and documents that serve each.

    Everything is derived from their own declarations; what nothing serves yet says so.

    Example: schoolkeeper coverage --json
    """
    with database():
        from schoolkeeper.cli.results import covered

        emit(covered.coverage(), covered.render, as_json=as_json)


@command(ledger, "verify", group="ledger", serves=("M097",))
def verify(
    export: Annotated[
        Path | None, typer.Argument(help="An export; default: the ledger of this installation.")
    ] = None,
    public_key: Annotated[Path | None, typer.Option(help="The public key that you keep (PEM).")] = None,
    anchor: Annotated[
        list[Path] | None, typer.Option(help="Signed heads, or an older export, that you keep.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look for edits, deletions, reordering and a cut tail in the ledger.

    With an export nothing else is needed, neither the database nor this installation: an auditor runs
    `python -m schoolkeeper.ledger verify EXPORT` with the same options. Without one the ledger of this
    installation is checked, against its own key and the heads that were signed and put aside.

    Example: schoolkeeper ledger verify ledger.jsonl --public-key ledger.pub
    """
    from schoolkeeper.cli.results import verified

    if export is not None:
        result = verified.verify_export(export, public_key, anchor or [])
    else:
        with database():
            result = verified.verify_own(anchor or [])
    emit(result, verified.render, as_json=as_json)
    _exit(verified.exit_for(result))


@command(ledger, "export", group="ledger", serves=("M097", "M098"))
def export(file: Annotated[Path, typer.Argument(help="Where to write it; - is standard output.")]) -> None:
    """Write the whole ledger with a freshly signed head, for an auditor to verify elsewhere.

    Example: schoolkeeper ledger export ledger-2026.jsonl
    """
    with database():
        from schoolkeeper.cli.results import verified

        if str(file) == "-":
            verified.export(sys.stdout.buffer)
            return
        with file.open("wb") as stream:
            entries = verified.export(stream)
        console().print(f"{entries} entries in {file}. Verify: schoolkeeper ledger verify {file}", soft_wrap=True)


@command(report, "status", group="report", serves=("M089", "M090", "M091", "M092"))
def status_report(
    system: Annotated[str, typer.Argument(help="The system's slug.")],
    period: Annotated[Literal["day", "week", "month"], typer.Option(help="Ending now.")] = "week",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
) -> None:
    """Write the status report of a period as PDF and HTML: activities, status, performance, findings.

    Example: schoolkeeper report status north-college --period week --out reports
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.estate.care import find
        from schoolkeeper.reporting.status import write_status_report

        find(system)
        out.mkdir(parents=True, exist_ok=True)
        for path in write_status_report(system, period, out, timezone.now()):
            console().print(str(path), soft_wrap=True)


def _exit(code: Exit) -> None:
    if code:
        raise typer.Exit(code)
