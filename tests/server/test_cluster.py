import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.postgres import binaries
from schoolkeeper.connectors.postgres.account import Account
from schoolkeeper.connectors.postgres.cluster import LOG_FILE_SETTINGS, SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_errors import (
    ClusterError,
    FolderNotReachable,
    NotStarted,
    PortTaken,
)
from schoolkeeper.connectors.postgres.cluster_roles import create_database, create_role, database_exists
from schoolkeeper.testing.ports import own_port

Make = Callable[..., Cluster]

HOSTILE = [
    'it\'s "quoted" \\ $$',
    "per%cent %s %41",
    "user:pass@host/db?x=y#z&w",
    "schön ✓ пароль مرحبا",
    " spaces at both ends ",
    "'; DROP ROLE schoolkeeper; --",
]


def ask(cluster: Cluster, query: str) -> object:
    with cluster.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("version", [16, 18])
def test_start_use_stop_start_again(make_cluster: Make, version: int) -> None:
    cluster = make_cluster(version)
    assert not cluster.is_running()
    cluster.start()
    assert cluster.is_running()
    assert cluster.owns_server
    first_port = cluster.port
    assert str(ask(cluster, "SHOW server_version")).startswith(f"{version}.")
    assert ask(cluster, "SHOW server_encoding") == "UTF8"
    assert ask(cluster, "SHOW data_checksums") == "on"
    assert ask(cluster, "SHOW fsync") == "off"
    assert ask(cluster, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(cluster, "SHOW unix_socket_directories") == ""
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.stop()
    assert not cluster.is_running()
    with pytest.raises(NotStarted):
        cluster.dsn()
    cluster.start()
    assert ask(cluster, "SELECT answer FROM kept") == 42
    assert cluster.port == first_port


def test_initialise_twice_keeps_data_and_password(make_cluster: Make) -> None:
    cluster = make_cluster()
    cluster.initialise()
    kept = cluster.files.password.read_text()
    cluster.initialise(password="another one")
    assert cluster.files.password.read_text() == kept
    assert cluster.files.password.stat().st_mode & 0o777 == 0o600
    assert not (cluster.files.folder / "setup").exists()


def test_an_interrupted_set_up_is_done_again(make_cluster: Make) -> None:
    cluster = make_cluster()
    cluster.initialise()
    half_done = cluster.files.folder / "setup"
    half_done.mkdir()
    cluster.files.data.rename(half_done / "data")
    if cluster.account is not None:
        os.chown(half_done, cluster.account.uid, cluster.account.gid)
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    assert not half_done.exists()


def test_a_wrong_password_is_refused(make_cluster: Make) -> None:
    cluster = make_cluster()
    cluster.start()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.dsn(user="schoolkeeper", password="wrong"))


def test_hostile_names_and_passwords(make_cluster: Make) -> None:
    cluster = make_cluster()
    cluster.initialise(password=HOSTILE[0] + HOSTILE[2] + HOSTILE[3])
    cluster.start()
    with cluster.connect() as connection:
        for number, hostile in enumerate(HOSTILE):
            role = f"{number} {hostile}"
            create_role(connection, role, "to be replaced")
            create_role(connection, role, hostile)
            create_database(connection, role, owner=role)
            assert database_exists(connection, role)
            with psycopg.connect(cluster.dsn(role, role, hostile)) as own:
                assert own.execute("SELECT current_user, current_database()").fetchone() == (role, role)
    assert not any(hostile in cluster.files.server_log.read_text() for hostile in HOSTILE)


def test_a_database_takes_encoding_and_locale_of_its_source(make_cluster: Make) -> None:
    cluster = make_cluster(18)
    cluster.start()
    with cluster.connect() as connection:
        create_database(connection, "old", encoding="LATIN1", collate="C", ctype="C")
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datlocprovider::text"
            " FROM pg_database WHERE datname = 'old'"
        ).fetchone()
    assert row == ("LATIN1", "C", "c")


def test_two_servers_at_once(make_cluster: Make) -> None:
    one, two = make_cluster(16, "one"), make_cluster(18, "two")
    one.start()
    two.start()
    assert one.port != two.port
    assert one.is_running()
    assert two.is_running()
    one.stop()
    assert two.is_running()


def test_a_remembered_port_that_is_taken_is_replaced(make_cluster: Make) -> None:
    cluster = make_cluster()
    cluster.start()
    before = cluster.port
    cluster.stop()
    with socket.create_server(("127.0.0.1", before)):
        cluster.start()
        assert cluster.port != before
        assert ask(cluster, "SELECT 1") == 1


def test_a_wanted_port_that_is_taken_is_a_clear_error(make_cluster: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} "):
            make_cluster(port=port).start()
    wanted = own_port()
    cluster = make_cluster(port=wanted)
    cluster.start()
    assert cluster.port == wanted


def test_another_server_on_our_port_is_not_taken_for_ours(make_cluster: Make, home: Path) -> None:
    ours, stranger = make_cluster(name="ours"), make_cluster(name="stranger")
    ours.initialise(password="the same")
    stranger.initialise(password="the same")
    stranger.start()
    shutil.copy(stranger.files.data / "postmaster.pid", ours.files.data / "postmaster.pid")
    assert stranger.is_running()
    assert not ours.is_running()
    ours.start()
    assert ours.port != stranger.port
    assert ask(ours, "SHOW data_directory") == str(ours.files.data)


def test_a_folder_of_another_version_is_refused(make_cluster: Make) -> None:
    make_cluster(16).initialise()
    with pytest.raises(ClusterError, match="made by PostgreSQL 16, which PostgreSQL 18"):
        make_cluster(18).start()


def test_a_closed_folder_is_a_clear_error(make_cluster: Make, home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    cluster = make_cluster(name="closed/pg")
    cluster.account = Account("stranger", 64999, 64999)
    with pytest.raises(FolderNotReachable, match=f"cannot enter {closed} "):
        cluster.initialise()


def test_a_bad_setting_shows_the_servers_own_words(home: Path) -> None:
    cluster = Cluster(
        home / "pg", binaries.find(16, prefer="wheel"), settings={**SCRATCH_SETTINGS, "work_mem": "a lot"}
    )
    with pytest.raises(NotStarted, match="invalid value for parameter"):
        cluster.start()


def test_the_log_file_settings_write_a_log_file(home: Path) -> None:
    cluster = Cluster(
        home / "pg", binaries.find(16, prefer="wheel"), settings={**SCRATCH_SETTINGS, **LOG_FILE_SETTINGS}
    )
    with cluster, cluster.connect() as connection, pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1 / 0")
    assert "schoolkeeper@postgres ERROR:  division by zero" in (cluster.files.logs / "postgresql.log").read_text()
