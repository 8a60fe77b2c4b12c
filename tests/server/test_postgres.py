from pathlib import Path

import psycopg

from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS
from schoolkeeper.server.postgres import EmbeddedPostgres
from tests.processes import on_a_command_line


def test_the_control_plane_database_is_there_after_the_first_start(home: Path) -> None:
    postgres = EmbeddedPostgres(home / "pg", settings=SCRATCH_SETTINGS, cache=home / "cache")
    assert postgres.cluster.binaries.major == 16
    postgres.initialise()
    postgres.initialise()
    for _ in range(2):
        with postgres, psycopg.connect(postgres.dsn()) as connection:
            assert connection.info.dbname == "schoolkeeper"
            assert connection.info.host == "127.0.0.1"
    assert not postgres.cluster.is_running()


def test_the_password_is_in_no_log_and_no_process_list(home: Path) -> None:
    with EmbeddedPostgres(home / "pg", 18, settings=SCRATCH_SETTINGS, cache=home / "cache") as postgres:
        password = postgres.cluster.files.password.read_text().splitlines()[1]
        assert password in postgres.dsn()
        assert password not in postgres.cluster.files.server_log.read_text()
        assert on_a_command_line(str(home / "pg"))
        assert not on_a_command_line(password)
