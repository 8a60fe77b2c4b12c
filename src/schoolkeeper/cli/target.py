"""The system that a command is about: one in care by its slug, or one in a definition file.

With a file neither the control-plane database nor Django is needed, so such commands work in an emergency.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.database import database

if TYPE_CHECKING:
    from schoolkeeper.connectors.system import System

TargetArgument = Annotated[
    str, typer.Argument(help="A system's slug; or its definition, a TOML file, which works without Schoolkeeper.")
]


@contextmanager
def target(text: str) -> "Iterator[System]":
    """The system. Raises Invalid when there is none."""
    if text.endswith(".toml"):
        from schoolkeeper.estate.definition import read

        yield read(Path(text))
        return
    with database():
        from schoolkeeper.estate.care import find

        yield find(text)
