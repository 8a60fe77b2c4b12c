"""The help of every command, and what it costs to show it."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from schoolkeeper.catalogue.requirements import requirement_ids
from schoolkeeper.cli.command import COMMANDS
from schoolkeeper.cli.main import app

EXPECTED = {
    *("demo", "serve", "worker", "apply", "tasks", "plan", "run", "programme daily", "status", "findings"),
    *(
        "backups list",
        "backups show",
        "backups files",
        "backups compare",
        "backups timeline",
        "backups trend",
        "backups check-key",
        "rescue",
        "protect",
    ),
    *("evidence list", "evidence export", "evidence pdf", "users token", "users tokens", "users revoke"),
    *("programme show", "programme list", "programme set", "programme pause", "programme resume"),
    *(
        "programme apply",
        "programme export",
        "programme limits",
        "programme waive",
        "programme catch-up",
        "programme sign",
    ),
    *("freeze list", "freeze declare", "freeze lift", "freeze override", "freeze grant", "freeze end"),
    *("feed make", "feed list", "feed revoke"),
    *("window list", "window plan", "window cancel", "window move", "window propose", "window choose"),
    *(f"window series {name}" for name in ("list", "begin", "change", "end")),
    *(f"calendar {name}" for name in ("list", "add", "read", "replace", "remove", "rule")),
    *(f"calendar {name}" for name in ("events", "enter", "change", "take-away", "correct")),
    *("approvals list", "approvals delegate", "approvals undelegate"),
    *("silence", "approve", "deny", "ledger verify", "ledger export", "coverage", "report status", "users create"),
}


def test_every_command_is_there_and_declares_what_it_serves() -> None:
    assert COMMANDS.keys() == EXPECTED
    assert all(command.serves <= requirement_ids() for command in COMMANDS.values())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_help_explains_with_an_example_and_the_exit_codes(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert "Exit codes:" in result.output


def test_showing_help_loads_neither_django_nor_the_database_driver() -> None:
    loaded = "{'django', 'psycopg', 'dbos', 'pydantic'} & sys.modules.keys()"
    code = f"import sys; import schoolkeeper.cli.main; print(*{loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
