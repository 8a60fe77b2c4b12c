"""One round of the scheduler. Whoever calls it says what time it is; nothing here sleeps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from schoolkeeper.calendars import windows
from schoolkeeper.calendars.academic.reading import read_due_aside
from schoolkeeper.engine.presence import alive
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.programme.scheduler.catching_up import catch_up
from schoolkeeper.programme.scheduler.clock import Clock, feel
from schoolkeeper.programme.scheduler.ending import end
from schoolkeeper.programme.scheduler.giving_back import give_back
from schoolkeeper.programme.scheduler.looking_ahead import in_slices
from schoolkeeper.programme.scheduler.missing import miss
from schoolkeeper.programme.scheduler.starting import start
from schoolkeeper.programme.scheduler.waiving import waive_paused
from schoolkeeper.records.models import Run

# Any number will do, as long as nobody else in this database uses it.
_LOCK = 0x5C4001_5C4ED
ROUND_SECONDS = 0.5
SLICE_EVERY_SECONDS = 1.0
CALENDARS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did, in numbers of occurrences."""

    ended: int = 0
    waived: int = 0
    missed: int = 0
    caught_up: int = 0
    started: int = 0


def turn(clock: Clock, worker_id: str) -> Round | None:
    """Do one round; None when another worker is in the middle of one.

    1. Feel the pulse: was nobody at work, did the clock jump?
    2. Take back what was given up for a time that has not come.
    3. Open and close maintenance windows.
    4. End the occurrences whose runs have ended.
    5. Waive what came due of paused entries.
    6. Give up what has waited too long, each with its reason.
    7. Decide which of the missed are done after all.
    8. Start what is due and fits, the most important first.

    Each is a transaction that may be broken off: the next round does what is left.
    """
    now = clock.now
    with _alone() as alone:
        if not alone:
            return None
        with transaction.atomic():
            feel(clock, worker_id)
        _between("felt")
        give_back(now)
        _between("given_back")
        windows.turn(now, _being_changed())
        _between("windows")
        ended = end(now)
        _between("ended")
        waived = waive_paused(now)
        _between("waived")
        missed = miss(now)
        _between("missed")
        caught_up = catch_up(now)
        _between("caught_up")
        started = _start(now)
        _between("started")
        return Round(ended, waived, missed, caught_up, started)


def rounds(worker_id: str) -> tuple[tuple[float, Callable[[], object]], ...]:
    """What a worker does for the programme, each with the seconds between two."""
    return (
        (ROUND_SECONDS, lambda: turn(Clock.read(), worker_id)),
        (SLICE_EVERY_SECONDS, in_slices(lambda: Clock.read().now)),
        (CALENDARS_SECONDS, read_due_aside),
    )


def _between(done: str) -> None:
    """The place between two transactions, where a test breaks a round off."""
    failpoint(f"programme.round.{done}")


def _start(now: datetime) -> int:
    workers = len(alive())
    return start(now, workers) if workers else 0


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other round is under way; none begins until this one is over, or its process is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        alone = bool(row and row[0])
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _being_changed() -> frozenset[str]:
    """The systems that a run is changing now."""
    changing = Run.objects.filter(writerlock__isnull=False)
    return frozenset(changing.values_list("system", flat=True))
