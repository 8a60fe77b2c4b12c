"""Counting all tables in the background of a dump: whichever of the two fails first ends the other."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import psycopg

from schoolkeeper.connectors.databases.contents import TableContent
from schoolkeeper.connectors.postgres.snapshot import Snapshot
from schoolkeeper.connectors.postgres.survey import Stopped, survey

# While pg_dump reads, one connection counts and digests: with more, users would feel the backup.
CONNECTIONS = 1
# A request to cancel that comes between two queries is lost, so it is repeated.
AGAIN_SECONDS = 0.2
CANCEL_SECONDS = 5.0


class Counting:
    """A survey under way. `result` waits for it; `stop` ends it, wherever it is."""

    def __init__(self, pool: ThreadPoolExecutor, view: Snapshot, dsn: str) -> None:
        self._stopped = threading.Event()
        self._open: set[Snapshot] = set()
        self._done = pool.submit(survey, view, dsn, CONNECTIONS, self._watching)

    @contextmanager
    def _watching(self, joined: Snapshot) -> Iterator[Callable[[], None]]:
        self._open.add(joined)
        try:
            yield self._go_on
        finally:
            self._open.discard(joined)

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def result(self) -> dict[str, TableContent]:
        """What each table holds. Raises as `survey` does."""
        return self._done.result()

    def when_failed(self, do: Callable[[], None]) -> None:
        """Call `do` as soon as counting fails, in whatever thread, or now if it has."""
        self._done.add_done_callback(lambda done: do() if done.exception() else None)

    def require_sound(self) -> None:
        """Raises what counting failed with, if it has."""
        if self._done.done():
            self._done.result()

    def stop(self) -> None:
        """End it; returns when it has ended."""
        self._stopped.set()
        while not self._done.done():
            for joined in tuple(self._open):
                with contextlib.suppress(psycopg.Error):  # it is just ending by itself
                    joined.cancel(CANCEL_SECONDS)
            wait([self._done], AGAIN_SECONDS)


@contextmanager
def counting(view: Snapshot, dsn: str) -> Iterator[Counting]:
    """Count while the block lasts; what was not asked for by its end is not waited for."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        begun = Counting(pool, view, dsn)
        try:
            yield begun
        finally:
            begun.stop()
