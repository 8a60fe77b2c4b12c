"""The command `schoolkeeper`."""

import typer

from schoolkeeper.cli.commands import backups, care, demo, evidence, records, rescue, runs, service
from schoolkeeper.cli.exits import EPILOG

app = typer.Typer(
    help="Schoolkeeper takes care of a school's ERP: it does the work, proves that it worked, and keeps records.",
    epilog=f"Begin with `schoolkeeper demo`. {EPILOG}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (demo, service, care, runs, records, rescue):
    app.add_typer(part.app)
app.add_typer(runs.programme, name="programme")
app.add_typer(records.ledger, name="ledger")
app.add_typer(records.report, name="report")
app.add_typer(backups.app, name="backups")
app.add_typer(evidence.app, name="evidence")
app.add_typer(service.users, name="users")


def main() -> None:
    """Run the command line; exit codes as in `exits.Exit`."""
    app()
