"""A restored copy of the reference ERP for each test, on a real PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

import smart_erp
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from tests.connectors.rehearsal.restored import Restored, bring_back

PACKAGE = Path(smart_erp.__file__).parent
SAVED = "saved_erp"


@pytest.fixture(scope="session")
def saved(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a filled ERP; its database is called SAVED and nobody is connected with it."""
    home = tmp_path_factory.mktemp("saved")
    with cluster.connect() as connection:
        create_database(connection, SAVED)
    environment = {
        **os.environ,
        "SMART_ERP_DATABASE_URL": cluster.dsn(SAVED),
        "SMART_ERP_HOME": str(home),
        "SMART_ERP_DEMO_PASSWORD": "correct horse 1!",
    }
    for arguments in (["migrate"], ["fill", "--size", "small"]):
        subprocess.run([sys.executable, "-m", "smart_erp", *arguments], env=environment, check=True, timeout=120)
    return home


@pytest.fixture
def restored(saved: Path, cluster: Cluster, tmp_path: Path) -> Iterator[Restored]:
    """A copy of it in a workspace of its own, to be damaged at will."""
    name = sql.Identifier("copy_of_erp")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with cluster.connect() as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(SAVED)))
    bring_back(saved, PACKAGE, tmp_path)
    copy = Restored(tmp_path, cluster.dsn("copy_of_erp"), {})
    copy.remember()
    yield copy
    with cluster.connect() as connection:
        connection.execute(drop)
