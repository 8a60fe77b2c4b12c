"""The ERP as it really runs: its own processes on a real PostgreSQL, driven by command line, HTTP and SQL."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from schoolkeeper.server.postgres import EmbeddedPostgres
from schoolkeeper.testing.folders import temporary_folder
from schoolkeeper.testing.ports import own_port
from tests.smart_erp.erp import Erp

MakeErp = Callable[..., Erp]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with temporary_folder("smart-erp-") as folder:
        server = EmbeddedPostgres(folder / "data")
        server.initialise()
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def make_erp(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> MakeErp:
    """Makes an ERP with a database and a home of its own: empty, or a copy of another one that is not running."""
    numbers = itertools.count(1)

    def make(release: str = "1.1", like: Erp | None = None) -> Erp:
        name = f"erp{next(numbers)}"
        home = tmp_path_factory.mktemp("home")
        template = conninfo_to_dict(like.database_url)["dbname"] if like else "template1"
        with closing(psycopg.connect(postgres.dsn(), autocommit=True)) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        if like:
            shutil.copytree(like.home, home, dirs_exist_ok=True)
        return Erp(database_url=postgres.dsn(name), home=home, release=release, port=own_port())

    return make


@pytest.fixture(scope="session")
def filled(make_erp: MakeErp) -> Erp:
    """A school as the generator leaves it; to be copied and looked at, never to be run or changed."""
    erp = make_erp()
    erp.run("migrate")
    erp.run("fill", "--size", "small", "--seed", "7")
    return erp


@pytest.fixture(scope="session")
def school(make_erp: MakeErp, filled: Erp) -> Iterator[Erp]:
    """A filled and running ERP; tests may add to it, but neither close nor empty it."""
    erp = make_erp(like=filled)
    with erp.serving():
        yield erp
