"""The control-plane database: the operator's own server where one is named, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schoolkeeper.connectors.postgres.cluster_files import write_whole
from schoolkeeper.server.configuration import Configuration
from schoolkeeper.server.postgres import PATIENCE_SECONDS, EmbeddedPostgres

URL_FILE = "control-plane-url"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A database that accepts connections. `embedded` is None for the operator's own server."""

    url: str
    embedded: EmbeddedPostgres | None

    def upkeep(self) -> None:
        """Start the embedded server again should it have died."""
        if self.embedded is not None:
            self.embedded.keep_running()


@contextmanager
def control_plane(
    configuration: Configuration, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[ControlPlane]:
    """Have the database for a while; an embedded server that somebody else runs is used and left running.

    One that was started here is stopped at the end, after waiting so long for others that use it. Raises
    ClusterError when the embedded server cannot be had.
    """
    if configuration.database_url:
        yield ControlPlane(configuration.database_url, None)
        return
    embedded = EmbeddedPostgres(configuration.home / "postgres")
    embedded.start()
    # For tools that take care of Schoolkeeper itself: the port may be another one after each start.
    write_whole(configuration.home / URL_FILE, embedded.dsn())
    try:
        yield ControlPlane(embedded.dsn(), embedded)
    finally:
        embedded.stop(patience_seconds)
