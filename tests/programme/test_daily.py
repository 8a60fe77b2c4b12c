"""Asking for a day, and following it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.engine.care import take_into_care
from schoolkeeper.engine.models import Worker
from schoolkeeper.estate.definition import parse
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme.daily import daily_tasks, request_daily, request_watch
from schoolkeeper.programme.following import Snapshot, follow
from schoolkeeper.records.models import LedgerEntry, Run, StepRecord
from tests.control_plane import ControlPlane

SYSTEM = """
[system]
slug = "north-college"
name = "North College"
profile = "smart-education-erp"
environment = "scratch"
"""
HOST = '\n[components.host]\nkind = "host"\n'
DATABASE = '\n[components.database]\nkind = "postgres"\ndsn = "file:{dsn}"\n'


@pytest.mark.django_db
def test_a_day_is_asked_for_at_once_and_in_order() -> None:
    take_into_care(parse(SYSTEM + HOST + DATABASE.format(dsn="/dsn")), by="test")
    runs = request_daily("north-college", by="keeper")
    assert [run.task for run in runs] == [spec.id for spec in daily_tasks("north-college")]
    risks = [spec.risk for spec in daily_tasks("north-college")]
    assert risks == sorted(risks), "looking comes before changing"
    assert {"health.database", "health.host", "database.analyze"} <= {run.task for run in runs}
    assert {run.occasion for run in runs} == {f"daily programme {timezone.now():%Y-%m-%d}"}
    assert [run.pk for run in runs] == sorted(run.pk for run in runs)
    assert LedgerEntry.objects.filter(kind="run.requested", actor="keeper").count() == len(runs)


@pytest.mark.django_db
def test_the_day_is_that_of_the_system() -> None:
    take_into_care(parse(SYSTEM + 'timezone = "Pacific/Auckland"\n' + HOST), by="test")
    with time_machine.travel("2026-03-02 20:00Z"):
        assert request_daily("north-college", by="keeper")[0].occasion == "daily programme 2026-03-03"


@pytest.mark.django_db
def test_between_programmes_only_what_looks_is_asked_for() -> None:
    take_into_care(parse(SYSTEM + HOST + DATABASE.format(dsn="/dsn")), by="test")
    watched = {run.task for run in request_watch("north-college", by="keeper")}
    assert {"health.database", "health.host"} <= watched
    assert "database.analyze" not in watched


@pytest.mark.django_db
def test_a_day_without_tasks_is_said_to_be_one() -> None:
    take_into_care(parse(SYSTEM), by="test")
    with pytest.raises(Invalid, match="no daily task fits"):
        request_daily("north-college", by="keeper")
    with pytest.raises(Invalid, match="not in our care"):
        request_daily("south-college", by="keeper")
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_following_ends_when_nothing_more_happens_by_itself() -> None:
    take_into_care(parse(SYSTEM + HOST + DATABASE.format(dsn="/dsn")), by="test")
    first, second, third = request_daily("north-college", by="keeper")[:3]
    now = timezone.now()

    def nothing_happens(_: float) -> None:
        pass

    def start_one(_: float) -> None:
        Run.objects.filter(pk=first.pk).update(state="running", started_at=now)
        StepRecord.objects.create(run=first, position=1, key="k", says="Do it.", action={}, state="started")
        Worker.objects.create(pk="main", host="h", pid=1, started_at=now, heartbeat_at=now)

    def end_all(_: float) -> None:
        Run.objects.update(state="ended", outcome="ok", started_at=now, ended_at=now + timedelta(seconds=2))
        Run.objects.filter(pk=third.pk).update(state="waiting", outcome="")

    events = iter((nothing_happens, start_one, end_all))
    seen: list[Snapshot] = list(follow([first.pk, second.pk, third.pk], between=lambda wait: next(events)(wait)))
    assert [snapshot.has_worker for snapshot in seen] == [False, False, True, True]
    assert [snapshot.runs[0].state for snapshot in seen] == ["queued", "queued", "running", "ended"]
    assert seen[2].runs[0].steps[0].says == "Do it."
    assert [run.seconds for run in seen[-1].runs] == [2.0, 2.0, 2.0]
    assert [snapshot.is_settled for snapshot in seen] == [False, False, False, True]


@pytest.fixture
def erp(cluster: Cluster) -> Iterator[str]:
    """A database of its own: that of the control plane grows while its runs analyse it."""
    with cluster.connect() as connection:
        create_database(connection, "turns_erp")
        yield cluster.dsn("turns_erp")
        connection.execute("DROP DATABASE turns_erp WITH (FORCE)")


@pytest.fixture
def plane(database: str, tmp_path: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path / "home", database)
    yield plane
    plane.close()


def test_writers_take_turns_in_the_order_asked_for_with_two_workers(
    plane: ControlPlane, erp: str, tmp_path: Path
) -> None:
    (tmp_path / "dsn").write_text(erp)
    plane.apply(SYSTEM + DATABASE.format(dsn=tmp_path / "dsn"))
    plane.worker("main")
    plane.worker("second")
    count = 8
    asked = plane.python(
        "from django.db import transaction\n"
        "from schoolkeeper.engine.request import request\n"
        "with transaction.atomic():\n"
        f"    for _ in range({count}):\n"
        "        print(request('database.analyze', 'north-college', by='test').pk)"
    )
    runs = [int(line) for line in asked.split()]
    plane.until_ended(*runs)
    rows = plane.rows("SELECT id, outcome, started_at, ended_at FROM records_run ORDER BY started_at")
    assert [row["id"] for row in rows] == runs
    assert {row["outcome"] for row in rows} <= {"ok", "nothing_to_do"}
    for earlier, later in pairwise(rows):
        assert earlier["ended_at"] <= later["started_at"]  # type: ignore[operator]
