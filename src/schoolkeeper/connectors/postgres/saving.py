"""Holding a PostgreSQL database still while it is dumped, counted and digested: all of it in one snapshot."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from schoolkeeper.connectors.databases.contents import DatabaseContents, SequencePosition, TableContent
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.snapshot import Snapshot, snapshot
from schoolkeeper.connectors.postgres.survey import survey

# While pg_dump reads, one connection counts and digests: with more, users would feel the backup.
SURVEY_CONNECTIONS = 1


class PostgresSaving:
    """One snapshot. Counting goes on in the background from the beginning, so that it is done with the dump."""

    def __init__(self, dsn: str, view: Snapshot, tables: Future[dict[str, TableContent]]) -> None:
        self.taken_at = datetime.now(UTC)
        self.source = view.source()
        self._binaries = tools.for_dump(self.source.server_major)
        self.tool = f"pg_dump {self._binaries.version}"
        self._dsn = dsn
        self._view = view
        self._tables = tables
        self._earliest = view.sequences()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of one query, as of the snapshot; names are found as the application finds them."""
        return self._view.asked(query)

    def dump(self) -> AbstractContextManager[IO[bytes]]:
        """The custom-format dump, uncompressed."""
        return tools.dumping(self._dsn, self._binaries, self._view.id)

    def contents(self) -> DatabaseContents:
        """Asked for after the dump was read: sequences stand outside of snapshots, so both ends are noted."""
        view = self._view
        return DatabaseContents(
            source=self.source,
            snapshot=view.id,
            taken_at=self.taken_at,
            tables=self._tables.result(),
            large_objects=view.large_objects(),
            objects=view.objects(),
            sequences=_positions(self._earliest, view.sequences()),
            roles=view.roles(),
            settings=view.settings(),
        )


@contextmanager
def saving(component: str, dsn: str) -> Iterator[PostgresSaving]:
    """Open the snapshot, and begin to count. Raises Permanent when no pg_dump here can read this server."""
    with snapshot(component, dsn) as view, ThreadPoolExecutor(max_workers=1) as pool:
        yield PostgresSaving(dsn, view, pool.submit(survey, view, dsn, SURVEY_CONNECTIONS))


def _positions(
    earliest: Mapping[str, int | None], latest: Mapping[str, int | None]
) -> dict[str, SequencePosition]:
    return {
        name: SequencePosition(earliest=earliest[name], latest=latest[name]) for name in earliest if name in latest
    }
