"""The embedded control-plane database: PostgreSQL from the wheel, in a folder of Schoolkeeper's own."""

from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from schoolkeeper.connectors.postgres import binaries
from schoolkeeper.connectors.postgres.cluster import DEFAULT_CACHE, Cluster, Settings
from schoolkeeper.connectors.postgres.cluster_roles import create_database, database_exists

DATABASE = "schoolkeeper"
PATIENCE_SECONDS = 30
SETTINGS: Settings = MappingProxyType({"max_connections": 200, "shared_buffers": "128MB"})


class EmbeddedPostgres:
    """The database server that comes with Schoolkeeper.

    It lives as long as the process that started it; another process with the same folder uses it meanwhile.
    As a context manager, for short commands, it waits at the end for other short commands on the same folder.
    `version` is a major version; it must stay the same for a folder. `settings` are added to ours. Errors:
    `cluster_errors`.
    """

    def __init__(
        self,
        data_dir: Path,
        version: int = 16,
        port: int | None = None,
        *,
        settings: Settings = MappingProxyType({}),
        cache: Path = DEFAULT_CACHE,
    ) -> None:
        programs = binaries.find(version, prefer="wheel")
        self.cluster = Cluster(data_dir, programs, port, settings={**SETTINGS, **settings}, cache=cache)

    def initialise(self) -> None:
        """Make the data folder; does nothing when it is there."""
        self.cluster.initialise()

    def start(self) -> None:
        """Have the server running with the database in it; initialises on first use."""
        self.cluster.start()
        with self.cluster.files.locked(), self.cluster.connect() as connection:
            if not database_exists(connection, DATABASE):
                create_database(connection, DATABASE)

    def keep_running(self) -> None:
        """Start the server again when it is gone: after a crash, or after another process that owned it."""
        if not self.cluster.owns_server and not self.cluster.is_running():
            self.start()

    def stop(self, patience_seconds: float = 0) -> None:
        """Stop the server if this object started it, after waiting so long for others that use it."""
        self.cluster.stop(patience_seconds)

    def dsn(self, database: str = DATABASE) -> str:
        """The address of a database as a postgresql:// URL, password included; raises NotStarted."""
        return self.cluster.dsn(database)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(PATIENCE_SECONDS)
