"""Faults planted in real servers, of the oldest and the newest version that the tests have."""

import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from schoolkeeper.catalogue.health.database.facts import DatabaseFacts
from schoolkeeper.catalogue.health.database.options import DatabaseOptions
from schoolkeeper.catalogue.health.database.task import DatabaseHealth
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database, create_role
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import content_of, system_on

PUPIL = "Ada Lovelace"
AT_ONCE = DatabaseOptions(
    idle_warning_seconds=0, blocked_warning_seconds=0, prepared_warning_seconds=0, slot_warning_mib=0
)


@pytest.fixture(scope="module")
def newer_cluster() -> Iterator[Cluster]:
    """A running PostgreSQL 18 server that keeps slots and prepared transactions."""
    home = Path(tempfile.mkdtemp(prefix="schoolkeeper-18-"))
    home.chmod(0o711)  # the server's own account must get through
    ready: dict[str, str | int] = {"wal_level": "replica", "max_wal_senders": 4, "max_prepared_transactions": 4}
    server = Cluster(home / "postgres", find(18), settings={**SCRATCH_SETTINGS, **ready})
    server.initialise()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(params=[16, 18])
def server(request: pytest.FixtureRequest, cluster: Cluster) -> Cluster:
    """Each of the servers in turn."""
    if request.param == 16:
        return cluster
    newer: Cluster = request.getfixturevalue("newer_cluster")
    return newer


@contextmanager
def school_on(server: Cluster) -> Iterator[str]:
    """The name of a small database that is there as long as the context."""
    name = f"school_{secrets.token_hex(4)}"
    with server.connect() as connection:
        create_database(connection, name)
    with server.connect(name) as connection:
        connection.execute("CREATE TABLE person (id int PRIMARY KEY, name text)")
        connection.execute("INSERT INTO person VALUES (1, %s)", [PUPIL])
    yield name
    with server.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def school(server: Cluster) -> Iterator[str]:
    with school_on(server) as name:
        yield name


def subject_on(dsn: str, folder: Path, options: DatabaseOptions = AT_ONCE) -> Subject:
    return Subject(
        task=DatabaseHealth(),
        options=options,
        home=folder,
        fingerprint=lambda: content_of(dsn),
        **system_on(folder, database=dsn),
    )


def found_on(subject: Subject) -> dict[tuple[str, str], Finding]:
    """The findings by short code and subject."""
    findings = subject.task.judge(subject.assess(), subject.options)
    return {(finding.code.removeprefix("health.database."), finding.subject): finding for finding in findings}


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, server: Cluster, school: str, tmp_path: Path) -> Subject:
        return subject_on(server.dsn(school), tmp_path)


def test_a_sound_database_has_no_findings_but_numbers(server: Cluster, school: str, tmp_path: Path) -> None:
    subject = subject_on(server.dsn(school), tmp_path, DatabaseOptions())
    assert found_on(subject) == {}
    measured = {measurement.name: measurement.value for measurement in subject.task.measure(subject.assess())}
    assert measured["database.size_bytes"] > 1_000_000
    assert 0 < measured["database.connections_percent"] < 80
    assert 0 <= measured["database.oldest_xid_age_percent"] < 1
    assert measured["database.longest_transaction_seconds"] == 0


def wait_for(connection: psycopg.Connection, query: str) -> None:
    """Ask until the answer is true; a server that never gets there fails the test."""
    deadline = time.monotonic() + 60
    while connection.execute(query.encode()).fetchone() != (True,):
        assert time.monotonic() < deadline, query


@contextmanager
def queue_on(dsn: str) -> Iterator[tuple[int, int]]:
    """One session that keeps a row locked and idles, one that waits for it: their process ids."""
    change = "UPDATE person SET name = 'Ada Lovelace' WHERE id = 1"
    with (
        psycopg.connect(dsn, application_name="smart-erp") as holder,
        psycopg.connect(dsn, application_name="report") as waiter,
    ):
        holder.execute(change)
        waiting = threading.Thread(target=waiter.execute, args=[change])
        waiting.start()
        pid = waiter.info.backend_pid
        with psycopg.connect(dsn, autocommit=True) as watch:
            wait_for(watch, f"SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND pid = {pid}")
        yield holder.info.backend_pid, pid
        holder.rollback()
        waiting.join()


def test_an_idle_transaction_and_its_queue_are_found(server: Cluster, school: str, tmp_path: Path) -> None:
    subject = subject_on(server.dsn(school), tmp_path)
    with server.connect() as admin:  # the school's clock must not leak into our times
        admin.execute(sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Tashkent'").format(sql.Identifier(school)))
    with queue_on(server.dsn(school)) as (holder, waiter):
        found = found_on(subject)
        facts = subject.assess()
    blocked = found["blocked", "smart-erp"]
    assert blocked.data == {"blocking_pids": [holder], "waiting_pids": [waiter]}
    assert f"process {waiter}" in blocked.says
    assert "UPDATE person SET name = ? WHERE id = ?" in blocked.says
    assert found["idle_in_transaction", "smart-erp"].data["pids"] == [holder]
    assert isinstance(facts, DatabaseFacts)
    assert facts.blocked[0].waiting_statement_started_at is not None
    assert facts.blocked[0].waiting_statement_started_at.utcoffset() == timedelta(0)
    assert PUPIL not in facts.model_dump_json()


def test_what_this_role_may_not_see_is_unknown_until_it_is_granted(
    server: Cluster, school: str, tmp_path: Path
) -> None:
    keeper, password = f"keeper_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    with server.connect(school) as admin, psycopg.connect(server.dsn(school)) as open_session:
        create_role(admin, keeper, password)
        admin.execute("CREATE SEQUENCE hidden_number")
        open_session.execute("SELECT name FROM person WHERE name = 'Ada Lovelace'")
        subject = subject_on(server.dsn(school, keeper, password), tmp_path)
        hidden = found_on(subject)
        names = {measurement.name for measurement in subject.task.measure(subject.assess())}
        role = sql.Identifier(keeper)
        admin.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
        admin.execute(sql.SQL("GRANT SELECT ON SEQUENCE hidden_number TO {}").format(role))
        seen = found_on(subject)
        admin.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role).as_string(admin).encode())
    assert {subject: finding.level for (code, subject), finding in hidden.items() if code == "unknown"} == {
        "sessions": Level.UNKNOWN,
        "sequences": Level.UNKNOWN,
    }
    assert "database.longest_transaction_seconds" not in names
    assert {code for code, _ in seen} == {"idle_in_transaction"}


def test_sequences_near_the_end_of_their_column_are_found(server: Cluster, school: str, tmp_path: Path) -> None:
    with server.connect(school) as admin:
        for statement in (
            "CREATE TABLE grade (id serial)",
            "ALTER SEQUENCE grade_id_seq AS bigint",  # so only the column ends early
            "SELECT setval('grade_id_seq', 2000000000)",
            "CREATE TABLE mark (id smallint GENERATED ALWAYS AS IDENTITY)",
            "SELECT setval('mark_id_seq', 24000)",
            "CREATE SEQUENCE shared_number",
            "CREATE TABLE room (number int DEFAULT nextval('shared_number'))",
            "SELECT setval('shared_number', 2147483647)",
            "CREATE SEQUENCE down INCREMENT -1 MINVALUE -100 MAXVALUE -1",
            "SELECT setval('down', -95)",
            "CREATE SEQUENCE round_and_round MAXVALUE 10 CYCLE",
            "SELECT setval('round_and_round', 10)",
            "CREATE TABLE fine (id bigserial)",
            "SELECT setval('fine_id_seq', 2000000000)",
        ):
            admin.execute(statement.encode())
    found = found_on(subject_on(server.dsn(school), tmp_path))
    assert {subject: finding.level.name for (_, subject), finding in found.items()} == {
        "public.down": "ERROR",
        "public.grade_id_seq": "ERROR",
        "public.mark_id_seq": "WARNING",
        "public.shared_number": "ERROR",
    }
    assert "feeds grade.id," in found["sequence", "public.grade_id_seq"].says
    assert "147,483,647 numbers are left" in found["sequence", "public.grade_id_seq"].says
    assert " 0 numbers are left" in found["sequence", "public.shared_number"].says


def test_a_broken_index_and_dead_rows_are_found(server: Cluster, school: str, tmp_path: Path) -> None:
    with server.connect(school) as admin:
        admin.execute("CREATE TABLE mark AS SELECT 1 AS id FROM generate_series(1, 11000)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("CREATE UNIQUE INDEX CONCURRENTLY mark_id ON mark (id)")
        admin.execute("DELETE FROM mark")
        admin.execute("SELECT pg_stat_force_next_flush()")
        found = found_on(subject_on(server.dsn(school), tmp_path))
    assert set(found) == {("invalid_index", "public.mark_id"), ("dead_rows", "public.mark")}
    assert "duplicates" in found["invalid_index", "public.mark_id"].says


def test_forgotten_slots_and_prepared_transactions_are_found(newer_cluster: Cluster, tmp_path: Path) -> None:
    with school_on(newer_cluster) as school, newer_cluster.connect(school) as admin:
        admin.execute("SELECT pg_create_physical_replication_slot('gone', true)")
        admin.execute("BEGIN")
        admin.execute("UPDATE person SET name = 'Ada'")
        admin.execute("PREPARE TRANSACTION 'forgotten'")
        found = found_on(subject_on(newer_cluster.dsn(school), tmp_path))
        admin.execute("ROLLBACK PREPARED 'forgotten'")
        admin.execute("SELECT pg_drop_replication_slot('gone')")
    assert set(found) == {("prepared_transaction", "forgotten"), ("replication_slot", "gone")}


@pytest.fixture
def standby(newer_cluster: Cluster) -> Iterator[Cluster]:
    """A running standby of the newer server."""
    folder = newer_cluster.files.folder.with_name("standby")
    follower = Cluster(folder, find(18), settings=newer_cluster._settings)
    folder.mkdir(mode=0o711)
    account = follower.account
    logs, copy = follower.files.logs, follower.files.data
    logs.mkdir()
    with newer_cluster.connect() as admin:
        _copy(newer_cluster, admin.info.password, copy)
    if account is not None:
        for path in (logs, copy, *copy.rglob("*")):
            shutil.chown(path, account.uid, account.gid)
    shutil.copy2(newer_cluster.files.password, follower.files.password)
    follower.start()
    yield follower
    follower.stop()
    shutil.rmtree(folder)


def _copy(source: Cluster, password: str, target: Path) -> None:
    """A base backup with the connection back to its source; the password travels in the environment."""
    user = source.files.password.read_text().split("\n")[0]
    argv = ["-h", "127.0.0.1", "-p", str(source.port), "-U", user, "-D", str(target), "-R", "-c", "fast"]
    program = source.binaries.path("pg_basebackup")
    subprocess.run([program, *argv], check=True, env={**os.environ, "PGPASSWORD": password}, capture_output=True)


def test_a_standby_is_seen_from_both_sides_and_missed_when_cut_off(
    newer_cluster: Cluster, standby: Cluster, tmp_path: Path
) -> None:
    subject = subject_on(standby.dsn(), tmp_path)
    with standby.connect() as follower:
        wait_for(follower, "SELECT count(*) = 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")
        facts = subject.assess()
        assert isinstance(facts, DatabaseFacts)
        assert facts.standby.is_standby
        assert facts.standby.is_receiving
        (tmp_path / "primary").mkdir()
        seen = subject_on(newer_cluster.dsn(), tmp_path / "primary").assess()
        assert isinstance(seen, DatabaseFacts)
        assert [replica.name for replica in seen.replicas] == ["walreceiver@127.0.0.1"]
        assert found_on(subject) == {}
        follower.execute("SELECT pg_wal_replay_pause()")
        assert {code for code, _ in found_on(subject)} == {"replication_stopped"}
        follower.execute("SELECT pg_wal_replay_resume()")
        follower.execute("ALTER SYSTEM SET primary_conninfo = ''")
        follower.execute("SELECT pg_reload_conf()")
        wait_for(follower, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")
        cut_off = found_on(subject)
    assert "receives nothing" in cut_off["replication_stopped", ""].says
