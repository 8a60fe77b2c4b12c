"""What needs a server of its own: damage inside, and roles that came with a server's files."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.postgres.admitting import admit
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.checking import check
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.testing.plugin import HOME

REFUSED = (b"COPY grade TO PROGRAM 'true'", b"SET ROLE assistant", b"SET ROLE helper", b"SET ROLE nightly")
MAJOR = 15  # the one that comes with amcheck


@pytest.fixture
def server() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    server = Cluster(folder / "server", find(MAJOR), settings=SCRATCH_SETTINGS)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_a_broken_page_is_a_fault_and_no_failure(server: Cluster) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE grade AS SELECT g, repeat('x', 500) FROM generate_series(1, 2000) g")
        connection.execute("CREATE INDEX ON grade (g)")
        assert check(server.connect, old_indexes=True) == (2, [])
        row = connection.execute("SELECT pg_relation_filepath('grade')").fetchone()
        connection.execute("CHECKPOINT")
    server.stop()
    assert row is not None
    with (server.files.data / row[0]).open("r+b") as file:
        file.seek(3 * 8192 + 100)
        file.write(b"\xff" * 4000)
    server.start()
    looked, faults = check(server.connect, old_indexes=True)
    assert looked == 2
    assert {(fault.code, fault.subject) for fault in faults} >= {("corrupt", "table public.grade")}


def test_a_row_that_an_old_index_has_lost_is_a_fault(server: Cluster) -> None:
    asleep = "UPDATE pg_index SET indisready = {0}, indisvalid = {0} WHERE indexrelid = 'found'::regclass"
    with server.connect() as connection:
        connection.execute("CREATE TABLE grade (g int)")
        connection.execute("CREATE INDEX found ON grade (g)")
        connection.execute("SET allow_system_table_mods = on")
        connection.execute(asleep.format("false").encode())
        connection.execute("INSERT INTO grade VALUES (1)")
        connection.execute(asleep.format("true").encode())
        connection.execute("ANALYZE grade")
        assert [fault.subject for fault in check(server.connect, old_indexes=True)[1]] == ["index public.found"]
        assert check(server.connect, old_indexes=False)[1] == [], "which is not asked of one that was just made"


def test_the_application_gets_no_rights_over_the_machine_from_roles_that_came_along(server: Cluster) -> None:
    with server.connect() as connection:
        for statement in (
            "CREATE ROLE registrar",
            "CREATE ROLE nightly",
            "GRANT pg_execute_server_program TO nightly",
            "CREATE ROLE assistant SUPERUSER",
            "CREATE ROLE helper IN ROLE assistant",
            "CREATE TABLE grade (id int)",
            "ALTER TABLE grade OWNER TO nightly",
        ):
            connection.execute(statement.encode())
        admit(connection, "application", "a password")
    address = server.dsn("postgres", "application", "a password")
    with psycopg.connect(address, autocommit=True) as application:
        application.execute("INSERT INTO grade VALUES (1)")
        application.execute("SET ROLE registrar")
        application.execute("RESET ROLE")
        for refused in (
            "COPY grade TO PROGRAM 'true'",
            "SET ROLE assistant",
            "SET ROLE helper",
            "SET ROLE nightly",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(refused.encode())
