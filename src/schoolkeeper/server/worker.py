"""The worker as a process: `python -m schoolkeeper.server.worker NAME`. It finds the database's address in its
environment."""

import logging
import os
import signal
import sys
import threading
from typing import NoReturn

from schoolkeeper.kernel.errors import SchoolkeeperError
from schoolkeeper.server.preparation import set_up_django

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def run(name: str) -> NoReturn:
    """Carry out runs under this name until SIGINT or SIGTERM, and end the process. Django must be loaded.

    Raises Refused when another worker has the name.
    """
    # Their models can be imported only after Django is loaded.
    from schoolkeeper.engine.worker import leave, work
    from schoolkeeper.programme.scheduler.round import rounds

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    leave(work(name, stop, rounds(name)))


def main() -> int:
    """The process that `serve` starts."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        set_up_django(os.environ["SCHOOLKEEPER_DATABASE_URL"])
        run(sys.argv[1])
    except SchoolkeeperError as error:
        print(error, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
