"""kill -9 of the worker at every point of a run; two workers at once; one that never comes back.

These tests take long because they start real worker processes, kill them and wait for others to take over.
"""

import json
import signal
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.system_lock import SystemLock
from schoolkeeper.testing.arrange import secret_file
from tests.control_plane import ControlPlane

TABLES = ("attendance", "grade")
POINTS = ("before", "started", "applied", "done")


@pytest.fixture
def erp(database: str, control_plane: ControlPlane, home: Path) -> str:
    """An ERP's database with two tables that were never analysed, in care; its slug is the database's name."""
    slug = database.rpartition("/")[2].replace("_", "-")
    with psycopg.connect(database, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} AS SELECT g AS id FROM generate_series(1, 1000) g".encode())
    control_plane.apply(
        f'[system]\nslug = "{slug}"\nname = "North"\nprofile = "smart-education-erp"\nenvironment = "scratch"\n'
        f'[components.database]\nkind = "postgres"\ndsn = {json.dumps(secret_file(home, slug, database))}\n'
    )
    return slug


def analysed(dsn: str) -> dict[str, int]:
    """How often each table was analysed."""
    with psycopg.connect(dsn) as connection:
        return dict(connection.execute("SELECT relname, analyze_count FROM pg_stat_user_tables").fetchall())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_step_of_database_analyze(
    control_plane: ControlPlane, erp: str, database: str, point: str, table: str
) -> None:
    run = control_plane.ask("database.analyze", erp)
    killed = control_plane.worker(failpoint=f"engine.step.{point}:analyze:public.{table}=kill")
    control_plane.until(lambda: killed.poll() is not None, "the worker dies at its failpoint")
    assert killed.poll() == -9
    control_plane.worker()
    assert control_plane.until_ended(run) == ["ok"]
    repeated = f"analyze:public.{table}" if point in ("started", "applied") else ""
    steps = control_plane.rows(
        f"SELECT key, state, attempts FROM records_steprecord WHERE run_id = {run} ORDER BY position"
    )
    assert [tuple(step.values()) for step in steps] == [
        (key, "done", 2 if key == repeated else 1) for key in ("analyze:public.attendance", "analyze:public.grade")
    ]
    assert all(1 <= times <= (2 if repeated.endswith(name) else 1) for name, times in analysed(database).items())
    ended = control_plane.rows(
        f"SELECT count(*) AS n FROM records_ledgerentry WHERE kind = 'run.ended' AND system = '{erp}'"
    )
    assert ended[0]["n"] == 1
    control_plane.verify_ledger()


def test_another_worker_takes_over_from_a_dead_one(control_plane: ControlPlane, erp: str) -> None:
    run = control_plane.ask("database.analyze", erp)
    dead = control_plane.worker("one", failpoint="engine.step.started:analyze:public.grade=kill")
    control_plane.until(lambda: dead.poll() is not None, "the worker dies at its failpoint")
    control_plane.worker("two")
    assert control_plane.until_ended(run) == ["ok"]
    control_plane.verify_ledger()


def test_after_a_rescue_a_killed_run_goes_no_further(control_plane: ControlPlane, erp: str, home: Path) -> None:
    run = control_plane.ask("database.analyze", erp)
    killed = control_plane.worker(failpoint="engine.step.started:analyze:public.grade=kill")
    control_plane.until(lambda: killed.poll() is not None, "the worker dies at its failpoint")
    lock = SystemLock(home, erp).take("rescue-night", "the rescue night of m")
    assert lock.before is not None
    assert lock.before.was_broken_off
    lock.note_change()
    lock.release()
    control_plane.worker()
    assert control_plane.until_ended(run) == ["failed"]
    (row,) = control_plane.rows(f"SELECT says FROM records_run WHERE id = {run}")
    assert "the rescue night of m changed" in str(row["says"])


def test_two_workers_make_one_writer(control_plane: ControlPlane, erp: str) -> None:
    runs = [control_plane.ask("database.analyze", erp) for _ in range(6)]
    control_plane.worker("one")
    control_plane.worker("two")
    assert control_plane.until_ended(*runs) == ["ok", *["nothing_to_do"] * 5]
    overlapping = control_plane.rows(
        "SELECT a.id FROM records_run a JOIN records_run b ON a.id < b.id AND a.system = b.system"
        " AND a.started_at < b.ended_at AND b.started_at < a.ended_at"
    )
    assert overlapping == []
    control_plane.verify_ledger()


def test_two_workers_cannot_have_one_name(control_plane: ControlPlane) -> None:
    first = control_plane.worker("twin")
    control_plane.until(
        lambda: control_plane.rows("SELECT 1 FROM engine_worker WHERE id = 'twin'") != [], "the first is at work"
    )
    second = control_plane.worker("twin")
    control_plane.until(lambda: second.poll() is not None, "the second worker gives up")
    assert second.poll() == 1
    assert first.poll() is None


def until_a_step_hangs(control_plane: ControlPlane, run: int) -> None:
    query = f"SELECT 1 FROM records_steprecord WHERE run_id = {run} AND state = 'started'"
    control_plane.until(lambda: control_plane.rows(query) != [], "the step hangs")


def test_a_worker_that_is_told_to_stop_in_the_middle_leaves_its_run_to_another(
    control_plane: ControlPlane, erp: str
) -> None:
    run = control_plane.ask("database.analyze", erp)
    stopped = control_plane.worker("leaver", failpoint="engine.step.started:analyze:public.grade=hang")
    until_a_step_hangs(control_plane, run)
    stopped.send_signal(signal.SIGTERM)
    control_plane.until(lambda: stopped.poll() == 0, "the worker stops although its step hangs")
    control_plane.worker("heir")
    assert control_plane.until_ended(run) == ["ok"]
    control_plane.verify_ledger()


def test_a_worker_that_loses_its_name_stops_at_once(control_plane: ControlPlane, erp: str) -> None:
    run = control_plane.ask("database.analyze", erp)
    loser = control_plane.worker("loser", failpoint="engine.step.started:analyze:public.grade=hang")
    until_a_step_hangs(control_plane, run)
    control_plane.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    control_plane.until(lambda: loser.poll() == 1, "the worker stops")
    control_plane.worker("loser")
    assert control_plane.until_ended(run) == ["ok"]


def test_a_run_of_an_unknown_task_ends_and_stops_nobody(control_plane: ControlPlane, erp: str) -> None:
    lost, run = control_plane.ask("database.analyze", erp), control_plane.ask("database.analyze", erp)
    control_plane.python(
        "from schoolkeeper.records.models import Run\n"
        f"Run.objects.filter(pk={lost}).update(task='other.uninstalled')"
    )
    control_plane.worker()
    assert control_plane.until_ended(lost, run) == ["errored", "ok"]
