"""The command line in this process, on a real database, and files to give it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schoolkeeper.cli.main import app
from schoolkeeper.engine.care import take_into_care
from schoolkeeper.estate.definition import parse

DEFINITION = """
[system]
slug = "north-college"
name = "North College ERP"
profile = "smart-education-erp"
environment = "scratch"

[components.database]
kind = "postgres"
dsn = "file:{dsn}"
"""


class Cli:
    """Runs commands as they are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runner = CliRunner()

    def __call__(self, *arguments: object, input: str | None = None) -> Result:
        result = self._runner.invoke(app, [str(argument) for argument in arguments], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    def json(self, *arguments: object, code: int = 0) -> Any:
        result = self(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def definition(self, dsn: str) -> Path:
        """A definition file of a system whose database is at that address."""
        return self.file("north.toml", DEFINITION.format(dsn=self.file("dsn", dsn)))


@pytest.fixture
def cli(db: None, tmp_path: Path, settings: Any) -> Cli:
    settings.SCHOOLKEEPER_HOME = tmp_path / "home"
    return Cli(tmp_path)


@pytest.fixture
def in_care(cli: Cli, database: str) -> Callable[[], None]:
    """Takes a system with a real database into care."""
    return lambda: take_into_care(parse(cli.definition(database).read_text()), by="test") and None
