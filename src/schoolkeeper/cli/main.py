"""The command `schoolkeeper`."""

import typer

from schoolkeeper.cli.commands import (
    academic,
    approvals,
    backups,
    care,
    demo,
    evidence,
    feeds,
    freezes,
    occurrences,
    programme,
    records,
    rescue,
    runs,
    service,
    window_series,
    windows,
)
from schoolkeeper.cli.exits import EPILOG

app = typer.Typer(
    help="Schoolkeeper takes care of a school's ERP: it does the work, proves that it worked, and keeps records.",
    epilog=f"Begin with `schoolkeeper demo`. {EPILOG}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_programme = typer.Typer(help="What is to be done when, and what came of it.", no_args_is_help=True)
for group in (programme.app, occurrences.app, runs.programme):
    _programme.add_typer(group)
for part in (demo, service, care, runs, approvals, records, rescue):
    app.add_typer(part.app)
app.add_typer(_programme, name="programme")
app.add_typer(freezes.app, name="freeze")
windows.app.add_typer(window_series.app, name="series")
app.add_typer(windows.app, name="window")
app.add_typer(academic.app, name="calendar")
app.add_typer(feeds.app, name="feed")
app.add_typer(approvals.approvals, name="approvals")
app.add_typer(records.ledger, name="ledger")
app.add_typer(records.report, name="report")
app.add_typer(backups.app, name="backups")
app.add_typer(evidence.app, name="evidence")
app.add_typer(service.users, name="users")


def main() -> None:
    """Run the command line; exit codes as in `exits.Exit`."""
    app()
