"""kill -9 of the worker at every point of a run; two workers at once; one that never comes back.

These tests take long because they start real worker processes, kill them and wait for others to take over.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.testing.arrange import secret_file
from tests.engine.control_plane import ControlPlane

TABLES = ("attendance", "grade")
POINTS = ("before", "started", "applied", "done")


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="schoolkeeper-kill-") as folder:
        Path(folder).chmod(0o755)  # a scratch server's own account must get through
        yield Path(folder)


@pytest.fixture
def control_plane(database: str, home: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(home, database)
    yield plane
    plane.close()


@pytest.fixture
def erp(cluster: Cluster, control_plane: ControlPlane, home: Path) -> Iterator[str]:
    """An ERP's database with two tables that were never analysed, in care as `north`."""
    name = f"erp_{os.getpid()}"
    with cluster.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    dsn = cluster.dsn(name)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} AS SELECT g AS id FROM generate_series(1, 1000) g".encode())
    control_plane.apply(
        '[system]\nslug = "north"\nname = "North"\nprofile = "smart-education-erp"\nenvironment = "scratch"\n'
        f'[components.database]\nkind = "postgres"\ndsn = {json.dumps(secret_file(home, "dsn", dsn))}\n'
    )
    yield dsn
    with cluster.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def analysed(dsn: str) -> dict[str, int]:
    """How often each table was analysed."""
    with psycopg.connect(dsn) as connection:
        return dict(connection.execute("SELECT relname, analyze_count FROM pg_stat_user_tables").fetchall())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_step_of_database_analyze(
    control_plane: ControlPlane, erp: str, point: str, table: str
) -> None:
    run = control_plane.ask("database.analyze", "north")
    killed = control_plane.worker(failpoint=f"engine.step.{point}:analyze:public.{table}=kill")
    control_plane.until(lambda: killed.poll() is not None, "the worker dies at its failpoint")
    assert killed.returncode == -9
    control_plane.worker()
    assert control_plane.until_ended(run) == ["ok"]
    steps = control_plane.rows("SELECT key, state, attempts FROM records_steprecord ORDER BY position")
    repeated = f"analyze:public.{table}" if point in ("started", "applied") else ""
    assert [(step["key"], step["state"], step["attempts"]) for step in steps] == [
        (key, "done", 2 if key == repeated else 1) for key in ("analyze:public.attendance", "analyze:public.grade")
    ]
    assert all(1 <= times <= (2 if repeated.endswith(name) else 1) for name, times in analysed(erp).items())
    ended = control_plane.rows("SELECT count(*) AS n FROM records_ledgerentry WHERE kind = 'run.ended'")
    assert ended[0]["n"] == 1
    control_plane.verify_ledger()


def test_another_worker_takes_over_from_a_dead_one(control_plane: ControlPlane, erp: str) -> None:
    run = control_plane.ask("database.analyze", "north")
    dead = control_plane.worker("one", failpoint="engine.step.started:analyze:public.grade=kill")
    control_plane.until(lambda: dead.poll() is not None, "the worker dies at its failpoint")
    control_plane.worker("two")
    assert control_plane.until_ended(run) == ["ok"]
    control_plane.verify_ledger()


def test_two_workers_make_one_writer(control_plane: ControlPlane, erp: str) -> None:
    runs = [control_plane.ask("database.analyze", "north") for _ in range(6)]
    control_plane.worker("one")
    control_plane.worker("two")
    assert control_plane.until_ended(*runs) == ["ok", *["nothing_to_do"] * 5]
    overlapping = control_plane.rows(
        "SELECT a.id FROM records_run a JOIN records_run b ON a.id < b.id"
        " AND a.started_at < b.ended_at AND b.started_at < a.ended_at"
    )
    assert overlapping == []
    control_plane.verify_ledger()


def test_two_workers_cannot_have_one_name(control_plane: ControlPlane) -> None:
    first = control_plane.worker("main")
    control_plane.until(
        lambda: control_plane.rows("SELECT 1 FROM engine_worker") != [], "the first worker is at work"
    )
    second = control_plane.worker("main")
    control_plane.until(lambda: second.poll() is not None, "the second worker gives up")
    assert second.returncode not in (0, -9)
    assert first.poll() is None
