"""Working so that nobody feels it: at a low priority, and no faster than allowed."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
# Of the 20 steps that there are: whoever serves a user comes first, an idle machine is used whole.
NICENESS = 10


def be_gentle() -> None:
    """Lower the priority of this thread, for good: only root could raise it again, so use a thread of its own."""
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


def gently(work: Callable[[], T]) -> T:
    """Do some work at a low priority; what it raises comes out unchanged."""
    with ThreadPoolExecutor(max_workers=1, initializer=be_gentle) as pool:
        return pool.submit(work).result()


class Pace:
    """Holds up whoever calls it so that, on average, no more than `bytes_per_second` pass; None: never."""

    def __init__(
        self,
        bytes_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = bytes_per_second
        self._clock, self._sleep = clock, sleep
        self._began = clock()
        self._passed_bytes = 0

    def __call__(self, size_bytes: int) -> None:
        if self._rate is None:
            return
        self._passed_bytes += size_bytes
        ahead_seconds = self._passed_bytes / self._rate - (self._clock() - self._began)
        if ahead_seconds > 0:
            self._sleep(ahead_seconds)
