"""A pytest plugin that gives tests real parts: `pytest -p schoolkeeper.testing.plugin`.

One PostgreSQL server and one MariaDB server serve the whole run; each test that asks gets a fresh database on one
of them. Schoolkeeper itself gets a home folder of its own, so that no test reads or writes a person's.
"""

import atexit
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import sql

from schoolkeeper.connectors.mariadb import binaries as mariadb_binaries
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import quoted
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.testing.folders import temporary_folder

# Django reads its settings before any fixture runs, hence here; the database's address is filled in later.
os.umask(0o022)  # servers run under accounts of their own, which must get through the folders that tests make
_WHOLE_RUN = ExitStack()
HOME = _WHOLE_RUN.enter_context(temporary_folder("schoolkeeper-test-"))
atexit.register(_WHOLE_RUN.close)
os.environ["SCHOOLKEEPER_HOME"] = str(HOME)
os.environ["SCHOOLKEEPER_DATABASE_URL"] = "postgresql://later:later@127.0.0.1:1/schoolkeeper"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running PostgreSQL 16 server."""
    server = Cluster(HOME / "postgres", find(16), settings={**SCRATCH_SETTINGS, "max_connections": 200})
    server.initialise()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The address of a fresh, empty database."""
    name = f"test_{secrets.token_hex(4)}"
    with cluster.connect() as connection:
        create_database(connection, name)
    yield cluster.dsn(name)
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaServer]:
    """A running MariaDB server."""
    with MariaServer(HOME / "mariadb", mariadb_binaries.find((10, 3))) as server:
        yield server


@pytest.fixture
def mariadb(mariadb_server: MariaServer) -> Iterator[str]:
    """The address of a fresh, empty MariaDB database, as the server's administrator."""
    name = f"test_{secrets.token_hex(4)}"
    with mariadb_server.connect() as connection:
        connection.query(f"CREATE DATABASE {quoted(name)}")
    yield mariadb_server.address(name).url()
    with mariadb_server.connect() as connection:
        connection.query(f"DROP DATABASE IF EXISTS {quoted(name)}")
