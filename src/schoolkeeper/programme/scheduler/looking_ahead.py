"""The year to come, made a slice at a time: between two slices a worker starts what is due."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from schoolkeeper.calendars import series
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.programme import ahead, events
from schoolkeeper.programme.entries import refresh_all

EVERY_SECONDS = 30.0
SLICE_SECONDS = 0.3


def look_ahead(now: datetime) -> int:
    """Follow definitions, the catalogue and updates, and fill up the year to come; how many were made for it."""
    return sum(_pieces(now))


def in_slices(clock: Callable[[], datetime]) -> Callable[[], None]:
    """The same for a worker: each call does a slice, and nothing while it is not time again."""
    left: Iterator[int] = iter(())
    again_at = 0.0

    def slice_() -> None:
        nonlocal left, again_at
        begin = time.monotonic()
        if begin >= again_at:  # what was not finished is found again
            left, again_at = _pieces(clock()), begin + EVERY_SECONDS
        for _ in left:
            if time.monotonic() - begin > SLICE_SECONDS:
                return

    return slice_


def _pieces(now: datetime) -> Iterator[int]:
    for _ in refresh_all(now):
        failpoint("programme.ahead.refreshed")
        yield 0
    series.make_ahead(now)
    yield 0
    for _ in events.pieces(now):
        yield 0
    yield from ahead.pieces(now)
