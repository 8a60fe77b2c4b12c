"""How fast the visitors work together, what they met, and when they stop."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable


class Stopped(Exception):
    """The time is over, or somebody asked to stop."""


class Pace:
    """One clock for all visitors: `wait` returns `rate` times a second in all, then raises Stopped."""

    def __init__(
        self, rate: float, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.interval = 1 / rate
        self.ends_at = None if seconds is None else clock() + seconds
        self.next_at = clock()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.answers: Counter[str] = Counter()

    def wait(self) -> None:
        with self.lock:
            turn_at = max(self.next_at, self.clock())
            self.next_at = turn_at + self.interval
        self.pause(turn_at - self.clock())

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end."""
        if self.ends_at is not None:
            seconds = min(seconds, self.ends_at - self.clock())
        if self.stop.wait(max(seconds, 0)) or (self.ends_at is not None and self.clock() >= self.ends_at):
            raise Stopped

    def count(self, answer: str) -> None:
        with self.lock:
            self.answers[answer] += 1
