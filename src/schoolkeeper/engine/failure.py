"""What went wrong in task code, as data that survives a restart."""

import logging
from collections.abc import Callable
from typing import Literal, NotRequired, TypedDict, TypeVar

from schoolkeeper.kernel.errors import SchoolkeeperError, Temporary, Unreachable
from schoolkeeper.kernel.spec import Risk

log = logging.getLogger(__name__)
Result = TypeVar("Result")

ATTEMPTS = 3


class Failure(TypedDict):
    """`says` is for people; `kind` decides what happens next."""

    kind: Literal["temporary", "permanent", "unreachable", "unforeseen", "refused"]
    says: str
    delay_seconds: NotRequired[float]


class Failed(Exception):
    """Carries a Failure out of `guarded`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure["says"])
        self.failure = failure


def guarded(work: Callable[[], Result]) -> Result:
    """Call task code; whatever it raises comes out as Failed.

    This holds the engine's one broad `except`: task code is others' code, and its every failure must end in
    a record instead of ending the worker.
    """
    try:
        return work()
    except Temporary as error:
        raise Failed({"kind": "temporary", "says": _text(error), "delay_seconds": error.delay_seconds}) from error
    except Unreachable as error:
        raise Failed({"kind": "unreachable", "says": _text(error)}) from error
    except SchoolkeeperError as error:
        raise Failed({"kind": "permanent", "says": _text(error)}) from error
    except Exception as error:
        log.exception("task code failed in a way that nobody foresaw")
        raise Failed({"kind": "unforeseen", "says": f"{type(error).__name__}: {_text(error)}"}) from error


def _text(error: Exception) -> str:
    """What the error says, without the one character that PostgreSQL cannot store."""
    return str(error).replace("\0", "\ufffd")


def retry_delay_seconds(failure: Failure, risk: Risk, attempt: int) -> float | None:
    """How long to wait before attempt `attempt` + 1; None when it is not to be tried again.

    What nobody foresaw is tried again only where a second try cannot hurt.
    """
    if attempt >= ATTEMPTS:
        return None
    match failure["kind"]:
        case "temporary":
            return failure.get("delay_seconds", 5.0)
        case "unreachable":
            return 5.0
        case "unforeseen" if risk < Risk.DISRUPTIVE:
            return 1.0
        case _:
            return None
