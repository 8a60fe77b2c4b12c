"""One result, many writers: a command computes a result, and here it becomes a page for people or JSON."""

import json
import os
import pwd
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from schoolkeeper.kernel.person import at_the_keyboard

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Result = TypeVar("Result")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def console() -> "Console":
    """Where results for people go; made anew so that it writes to whatever standard output is now."""
    from rich.console import Console  # late, as below: `--help` needs none of it

    return Console(highlight=False)


def emit(result: Result, render: "Callable[[Result], RenderableType]", *, as_json: bool) -> None:
    """Write a result: as JSON what its own `as_json` says, else its fields by name; or as `render` shows it."""
    if as_json:
        from pydantic_core import to_jsonable_python

        own = getattr(result, "as_json", None)
        print(json.dumps(own() if own else to_jsonable_python(result), indent=2, ensure_ascii=False))
    else:
        console().print(render(result))


def warn(message: str) -> None:
    """A sentence beside the result."""
    print(message, file=sys.stderr)


def actor() -> str:
    """Who is at the keyboard, for the records.

    As the machine knows them, not as an environment variable says that anybody can set; behind `sudo` it is the
    one who called it.
    """
    number = os.getuid()
    behind = os.environ.get("SUDO_USER", "") if number == 0 else ""
    try:
        return at_the_keyboard(behind or pwd.getpwuid(number).pw_name)
    except KeyError:
        return at_the_keyboard(f"user {number}")
