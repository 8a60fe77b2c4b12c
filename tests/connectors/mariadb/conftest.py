from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.testing.plugin import HOME
from tests.connectors.mariadb.school import SCHOOL, run


@pytest.fixture
def school(mariadb: str) -> str:
    run(mariadb, "CREATE USER IF NOT EXISTS 'registrar'@'%' IDENTIFIED BY 'secret'", *SCHOOL)
    return mariadb


@pytest.fixture(scope="session")
def scratch_server(mariadb_server: MariaServer) -> Iterator[MariaScratch]:
    source = DatabaseSource(
        product="mariadb",
        system_identifier=None,
        database="nothing_yet",
        server_version=mariadb_server.installed.version,
        server_major=mariadb_server.installed.release[0],
        encoding="utf8mb4",
        collate="utf8mb4_general_ci",
        ctype="",
    )
    with MariaScratch(HOME / "mariadb-scratch", source) as scratch:
        yield scratch


@pytest.fixture
def scratch(scratch_server: MariaScratch, mariadb: str, tmp_path: Path) -> MariaScratch:
    """A scratch server that expects the database of this test."""
    scratch_server.source = scratch_server.source.model_copy(update={"database": mariadb.rpartition("/")[2]})
    return scratch_server
