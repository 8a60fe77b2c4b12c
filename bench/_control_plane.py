"""A control plane of its own for a bench."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster, Settings
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.testing.folders import temporary_folder

NAME = "keeper"


@contextmanager
def control_plane(settings: Settings) -> Iterator[Path]:
    """Its home, with an empty database on a server of these settings; the environment says where both are."""
    with (
        temporary_folder("schoolkeeper-bench-") as home,
        Cluster(home / "postgres", find(16), settings=settings) as cluster,
    ):
        with cluster.connect() as connection:
            create_database(connection, NAME)
        os.environ |= {
            "SCHOOLKEEPER_HOME": str(home),
            "SCHOOLKEEPER_DATABASE_URL": cluster.dsn(NAME),
            "DJANGO_SETTINGS_MODULE": "schoolkeeper.server.settings",
        }
        yield home
