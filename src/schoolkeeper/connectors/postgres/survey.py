"""Counting and digesting all tables at once, over several connections that share one snapshot."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import itemgetter

from schoolkeeper.connectors.databases.contents import TableContent
from schoolkeeper.connectors.postgres.snapshot import Snapshot, Table, snapshot


def survey(view: Snapshot, dsn: str, connections: int) -> dict[str, TableContent]:
    """Row count and digest of every table, by its full name."""
    tables = view.tables()
    # Dealt out in turn from the largest down, each connection gets about the same amount.
    shares = [tables[start::connections] for start in range(min(connections, len(tables)))]

    def work(share: Sequence[Table]) -> list[tuple[str, TableContent]]:
        with snapshot(view.component, dsn, joins=view.id) as joined:
            return [(table.full_name, joined.content(table)) for table in share]

    with ThreadPoolExecutor(max_workers=connections) as pool:
        return dict(sorted(chain.from_iterable(pool.map(work, shares)), key=itemgetter(0)))
