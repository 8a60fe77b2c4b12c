"""Named points at which a test makes the program fail, so that "what if it dies just here?" has an answer.

Armed by the environment variable SCHOOLKEEPER_FAILPOINT, `NAME=ACTION`: `kill` ends the process as kill -9
would, `hang` never comes back, `raise` raises an exception that nobody foresaw, `permanent` a foreseen one.
Unarmed, a point costs one look-up.
"""

import os
import signal
import threading

from schoolkeeper.kernel.errors import Permanent

VARIABLE = "SCHOOLKEEPER_FAILPOINT"


class InjectedFailure(Exception):
    """Stands for any exception that nobody foresaw."""


def failpoint(name: str) -> None:
    """Fail here if this point is armed; otherwise do nothing."""
    armed, _, action = os.environ.get(VARIABLE, "").partition("=")
    if armed != name:
        return
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "permanent":
            raise Permanent(f"failure injected at {name}")
        case _:
            raise InjectedFailure(f"failure injected at {name}")
