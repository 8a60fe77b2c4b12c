"""How a command is declared: its name, what it serves, and that foreseen errors end in a sentence."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

import typer

from schoolkeeper.cli.exits import EPILOG, CouldNotLook, Exit
from schoolkeeper.connectors.postgres.cluster_errors import ClusterError
from schoolkeeper.kernel.errors import Invalid, SchoolkeeperError, Unreachable
from schoolkeeper.ledger.errors import LedgerError
from schoolkeeper.server.supervisor import ChildFailed

Parameters = ParamSpec("Parameters")


@dataclass(frozen=True, slots=True)
class Command:
    """One command with the requirements (M001 …) that it serves."""

    name: str
    serves: frozenset[str]


COMMANDS: dict[str, Command] = {}


def command(
    app: typer.Typer, name: str, *, serves: tuple[str, ...] = (), group: str = ""
) -> Callable[[Callable[Parameters, None]], Callable[Parameters, None]]:
    """Register a function as a command of `app`; `group` is the word before its name, if any."""
    full_name = f"{group} {name}".strip()

    def register(function: Callable[Parameters, None]) -> Callable[Parameters, None]:
        @wraps(function)
        def guarded(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
            with explained():
                function(*arguments, **options)

        COMMANDS[full_name] = Command(full_name, frozenset(serves))
        app.command(name, epilog=EPILOG)(guarded)
        return function

    return register


@contextmanager
def explained() -> Iterator[None]:
    """Turn every foreseen error into a sentence and an exit code; what nobody foresaw keeps its traceback."""
    try:
        yield
    except Invalid as error:
        raise _end(str(error), Exit.USAGE) from None
    except (CouldNotLook, Unreachable, ClusterError, ChildFailed, LedgerError) as error:
        raise _end(str(error), Exit.COULD_NOT_LOOK) from None
    except SchoolkeeperError as error:
        raise _end(str(error), Exit.FINDINGS) from None
    except OSError as error:
        if error.filename is None:
            raise  # not about a path that somebody named
        raise _end(f"{error.filename}: {error.strerror}", Exit.USAGE) from None


def _end(message: str, code: Exit) -> typer.Exit:
    print(f"schoolkeeper: {message}", file=sys.stderr)
    return typer.Exit(code)
