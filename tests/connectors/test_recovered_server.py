"""A server on another one's copied files: what is in its way is told, and no server is left running."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors import scratch_servers
from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.scratch import RESTORED, PostgresScratch
from schoolkeeper.kernel.errors import Permanent
from tests.connectors.engines import school


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a server comes up on files that need no recovery."""
    monkeypatch.setattr(scratch_servers, "recover", lambda cluster: None)
    with school.place() as place:
        yield place / "server"
        scratch_servers.release(place / "server")


def source(database: str) -> DatabaseSource:
    return DatabaseSource.model_construct(product="postgres", database=database, server_major=16)


def nothing(_: Path) -> None:
    return None


def test_a_copy_that_lacks_the_database_is_told_and_stopped(folder: Path) -> None:
    with pytest.raises(Permanent, match="had no database school"):
        scratch_servers.recovered_server(folder, source("school"), nothing)
    assert not folder.exists()


@pytest.mark.parametrize("database", ["school", RESTORED])
def test_a_server_may_have_a_database_of_the_name_that_we_use(folder: Path, database: str) -> None:
    with PostgresScratch(folder, source(database)) as scratch:
        with scratch.cluster.connect() as connection:
            for name in {"school", RESTORED}:
                create_database(connection, name)
        with psycopg.connect(scratch.cluster.dsn(database), autocommit=True) as connection:
            connection.execute("CREATE TABLE this_one ()")
        scratch.take_over(database)
        assert scratch.rows("SELECT relname FROM pg_class WHERE relname = 'this_one'") == [{"relname": "this_one"}]
