"""Holding a PostgreSQL database still while it is dumped, counted and digested: all of it in one snapshot."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from schoolkeeper.connectors.databases.contents import DatabaseContents, SequencePosition
from schoolkeeper.connectors.postgres import tools
from schoolkeeper.connectors.postgres.counting import Counting, counting
from schoolkeeper.connectors.postgres.snapshot import Snapshot, snapshot
from schoolkeeper.kernel.errors import Permanent


class PostgresSaving:
    """One snapshot. Counting goes on in the background from the beginning, so that it is done with the dump."""

    def __init__(self, dsn: str, view: Snapshot, tables: Counting) -> None:
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

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """The custom-format dump, uncompressed. It ends at once when counting fails, and raises what that says."""
        try:
            with tools.dumping(self._dsn, self._binaries, self._view.id, self._tables.when_failed) as stream:
                yield stream
        except Permanent:
            self._tables.require_sound()
            raise

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
    """Open the snapshot, and begin to count, until the block ends. Raises Permanent when no pg_dump here can read
    this server."""
    with snapshot(component, dsn) as view, counting(view, dsn) as tables:
        yield PostgresSaving(dsn, view, tables)


def _positions(
    earliest: Mapping[str, int | None], latest: Mapping[str, int | None]
) -> dict[str, SequencePosition]:
    return {
        name: SequencePosition(earliest=earliest[name], latest=latest[name]) for name in earliest if name in latest
    }
