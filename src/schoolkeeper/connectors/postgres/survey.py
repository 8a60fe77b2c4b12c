"""Counting and digesting all tables at once, over several connections that share one snapshot."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from operator import itemgetter

from schoolkeeper.connectors.databases.contents import TableContent
from schoolkeeper.connectors.postgres.snapshot import Snapshot, Table, snapshot

Watching = Callable[[Snapshot], AbstractContextManager[Callable[[], None]]]


class Stopped(Exception):
    """Nobody wants the result any more."""


@contextmanager
def _unwatched(view: Snapshot) -> Iterator[Callable[[], None]]:
    yield lambda: None


def survey(view: Snapshot, dsn: str, connections: int, watching: Watching = _unwatched) -> dict[str, TableContent]:
    """Row count and digest of every table, by its full name.

    `watching` is entered with each connection; what it gives is called before each table, and may raise.
    """
    tables = view.tables()
    # Dealt out in turn from the largest down, each connection gets about the same amount.
    shares = [tables[start::connections] for start in range(min(connections, len(tables)))]

    def work(share: Sequence[Table]) -> list[tuple[str, TableContent]]:
        found = []
        with snapshot(view.component, dsn, joins=view.id) as joined, watching(joined) as go_on:
            for table in share:
                go_on()
                found.append((table.full_name, joined.content(table)))
        return found

    with ThreadPoolExecutor(max_workers=connections) as pool:
        return dict(sorted(chain.from_iterable(pool.map(work, shares)), key=itemgetter(0)))
