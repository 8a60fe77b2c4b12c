"""A real worker whose clock says what `faketime` tells it, in the nights in which clocks are changed.

PostgreSQL keeps the real time: a statement that mixed its `now()` with the worker's clock would find everything
due, or nothing.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schoolkeeper.connectors.postgres.cluster import Cluster
from tests.control_plane import ControlPlane

DEFINITION = """
[system]
slug = "berlin"
name = "Berlin"
profile = "smart-education-erp"
environment = "scratch"
timezone = "Europe/Berlin"
[components.host]
kind = "host"
"""
TASK = "health.host"
# The library behind `faketime` (0.9.10) fakes the steady clock or leaves it alone. Python waits in two ways, and
# each choice breaks one of them: so the clock is left alone, and sleeping is waiting.
WORKER = """
import runpy, threading, time
time.sleep = lambda seconds: threading.Event().wait(seconds) and None
runpy.run_module("schoolkeeper.server.worker", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def plane(tmp_path: Path, database: str, cluster: Cluster) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path, database)
    plane.apply(DEFINITION)
    yield plane
    plane.close()


def due_at_half_past_two(plane: ControlPlane, now: datetime) -> None:
    """A programme of one entry, at 02:30 by the clocks of Berlin each day."""
    plane.python(
        "from datetime import datetime, time\n"
        "from schoolkeeper.programme.entries import change\n"
        "from schoolkeeper.programme.models import Entry, Occurrence\n"
        "from schoolkeeper.programme.scheduler.looking_ahead import look_ahead\n"
        f"now = datetime.fromisoformat({now.isoformat()!r})\n"
        "look_ahead(now)\n"
        f"Occurrence.objects.exclude(entry__task={TASK!r}).delete()\n"
        f"Entry.objects.exclude(task={TASK!r}).delete()\n"
        f"change('berlin', {TASK!r}, {{'rule': 'FREQ=DAILY', 'at': time(2, 30)}}, by='test', now=now)"
    )


class FakedWorker:
    """`python -m schoolkeeper.server.worker` at another time, for the length of a with block."""

    def __init__(self, plane: ControlPlane, now: datetime) -> None:
        self._plane, self._now = plane, now

    def __enter__(self) -> None:
        environment = {
            **os.environ,
            "SCHOOLKEEPER_HOME": str(self._plane.home),
            "SCHOOLKEEPER_DATABASE_URL": self._plane.dsn,
            "TZ": "UTC",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._process = subprocess.Popen(
            ["faketime", "-f", f"@{self._now:%Y-%m-%d %H:%M:%S}", sys.executable, "-c", WORKER, "faked"],
            env=environment,
            start_new_session=True,
        )

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)  # `faketime` stays, as the worker's parent
        self._process.wait(60)


def states(plane: ControlPlane, moment: datetime) -> list[str]:
    """The states of what is due by then."""
    query = f"SELECT state FROM programme_occurrence WHERE due_at <= '{moment.isoformat()}' ORDER BY due_at"
    return [str(row["state"]) for row in plane.rows(query)]


def rounds_until(plane: ControlPlane, moment: datetime) -> None:
    """Wait until the scheduler has done a round then or later."""
    query = f"SELECT FROM programme_pulse WHERE last_at >= '{moment.isoformat()}'"
    plane.until(lambda: bool(plane.rows(query)), f"a round is done at {moment:%H:%M:%S}")


@pytest.mark.parametrize(
    ("due", "said", "next_day"),
    [
        # The clocks skip 02:30; it is read as 03:30 of summer time.
        (
            datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
            "2027-03-28 03:30 CEST",
            datetime(2027, 3, 29, 0, 30, tzinfo=UTC),
        ),
        # 02:30 comes twice, an hour apart; it is meant the first time.
        (
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
            "2027-10-31 02:30 CEST",
            datetime(2027, 11, 1, 1, 30, tzinfo=UTC),
        ),
    ],
)
def test_across_a_change_of_the_clocks(plane: ControlPlane, due: datetime, said: str, next_day: datetime) -> None:
    second, minute, hour = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
    due_at_half_past_two(plane, due - 6 * hour)
    with FakedWorker(plane, due - 5 * minute):  # a slow machine may take a while to start it
        rounds_until(plane, due - 5 * minute + 3 * second)
        assert states(plane, due) == ["due"]  # not before its time
    with FakedWorker(plane, due - 5 * second):
        plane.until(lambda: states(plane, due) == ["done"], "it is carried out")
    for later in (due + hour, next_day - 5 * minute):  # the other 02:30, and the eve of the next
        with FakedWorker(plane, later - second):
            rounds_until(plane, later + 2 * second)
            assert len(plane.rows("SELECT FROM records_run")) == 1
    run, occurrence = (
        plane.rows("SELECT * FROM records_run")[0],
        plane.rows("SELECT * FROM programme_occurrence")[0],
    )
    assert run["occasion"] == f"programme {said}"
    assert due <= run["started_at"] <= run["ended_at"] < due + hour  # type: ignore[operator]
    assert occurrence["state"] != "missed"
    with FakedWorker(plane, next_day):
        plane.until(lambda: states(plane, next_day) == ["done", "done"], "the next is carried out")
    assert len(plane.rows("SELECT FROM records_run")) == 2
    gaps = {row["kind"] for row in plane.rows("SELECT kind FROM programme_gap")}
    assert gaps == {"forward"}  # the machine's steady clock knows that the hours between never passed
