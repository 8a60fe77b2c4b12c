import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from schoolkeeper.server.processes import Child
from schoolkeeper.server.supervisor import LOG_LIMIT_BYTES, ChildFailed, Supervisor

ENV = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}

# Notes its start and its stop in a file that all share, and says its process id.
WORKER = """
import os, signal, sys, time
name, notes = sys.argv[1:]
def note(what):
    with open(notes, "a") as file:
        file.write(f"{what} {name}\\n")
def leave(*_):
    note("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("pid", os.getpid())
note("start")
while True:
    time.sleep(60)
"""

# Ignores the request to stop, and leaves a process of its own behind.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", subprocess.Popen(["sleep", "600"]).pid)
print("pid", os.getpid())
while True:
    time.sleep(60)
"""

SUPERVISOR = f"""
import sys, time
from pathlib import Path
from schoolkeeper.server.processes import Child
from schoolkeeper.server.supervisor import Supervisor
home = Path(sys.argv[1])
def started(name):
    notes = home / "notes"
    return notes.exists() and f"start {{name}}" in notes.read_text()
def child(name):
    return Child(
        name=name,
        argv=[sys.executable, "-u", "-c", {WORKER!r}, name, str(home / "notes")],
        env={{}},
        ready=lambda: started(name),
    )
children = [child("first"), child("second"), child("third")]
Supervisor(children, home, upkeep=lambda: (home / "upkeep").touch()).run()
"""


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def child(
    name: str,
    source: str,
    *arguments: object,
    ready: Callable[[], bool] | None = None,
    restart: bool = True,
    ready_timeout_seconds: float = 30,
    stop_timeout_seconds: float = 10,
) -> Child:
    return Child(
        name=name,
        argv=[sys.executable, "-u", "-c", source, *map(str, arguments)],
        env=ENV,
        ready=ready,
        restart=restart,
        ready_timeout_seconds=ready_timeout_seconds,
        stop_timeout_seconds=stop_timeout_seconds,
    )


@pytest.fixture
def supervise(home: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*children: Child, clock: Clock | None = None) -> Supervisor:
        arguments = {"clock": clock, "pause": clock.pause} if clock else {}
        made.append(Supervisor(children, home, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.stop()


def pids(home: Path, name: str) -> list[int]:
    log = home / "logs" / f"{name}.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith("pid ")]


def test_starts_in_order_and_stops_in_reverse(home: Path, supervise: Callable[..., Supervisor]) -> None:
    notes = home / "notes"
    names = ("first", "second", "third")
    supervisor = supervise(
        *(
            child(name, WORKER, name, notes, ready=lambda name=name: f"start {name}" in notes_of(notes))
            for name in names
        )
    )
    supervisor.start()
    assert notes_of(notes) == [f"start {name}" for name in names]
    assert all(state.ended_at is None for state in supervisor.states().values())
    supervisor.stop()
    assert notes_of(notes)[3:] == [f"stop {name}" for name in reversed(names)]


def notes_of(notes: Path) -> list[str]:
    return notes.read_text().splitlines() if notes.exists() else []


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_last_words(
    home: Path, supervise: Callable[..., Supervisor], is_gone: Callable[[int], bool]
) -> None:
    healthy = child("healthy", WORKER, "healthy", home / "notes", ready=lambda: bool(pids(home, "healthy")))
    broken = child("broken", "import sys; print('no such table'); sys.exit(3)", ready=lambda: False)
    with pytest.raises(ChildFailed) as fault:
        supervise(healthy, broken).start()
    assert "'broken' ended with exit code 3 before it was ready" in str(fault.value)
    assert "no such table" in str(fault.value)
    assert all(map(is_gone, pids(home, "healthy")))


def test_a_program_that_does_not_exist_is_reported(supervise: Callable[..., Supervisor]) -> None:
    missing = Child(name="missing", argv=["/no/such/program"], env=ENV, ready=lambda: False)
    with pytest.raises(ChildFailed, match="cannot start /no/such/program"):
        supervise(missing).start()


def test_a_child_that_is_never_ready_runs_out_of_time(
    home: Path,
    supervise: Callable[..., Supervisor],
    clock: Clock,
    eventually: Callable[..., None],
    is_gone: Callable[[int], bool],
) -> None:
    def never() -> bool:
        eventually(lambda: bool(pids(home, "slow")))  # or it would be gone before it had said which one it is
        return False

    slow = child("slow", WORKER, "slow", home / "notes", ready=never, ready_timeout_seconds=90)
    with pytest.raises(ChildFailed, match="'slow' was not ready within 90 s"):
        supervise(slow, clock=clock).start()
    assert 90 <= clock.now < 91
    assert all(map(is_gone, pids(home, "slow")))


def test_a_crashed_child_is_started_again_later_and_later(
    home: Path, supervise: Callable[..., Supervisor], clock: Clock, eventually: Callable[..., None]
) -> None:
    supervisor = supervise(child("worker", WORKER, "worker", home / "notes"), clock=clock)
    supervisor.start()

    def crash(count: int) -> None:
        eventually(lambda: len(pids(home, "worker")) == count)
        os.kill(pids(home, "worker")[-1], signal.SIGKILL)
        eventually(lambda: bool(supervisor.tick() or supervisor.states()["worker"].ended_at is not None))
        assert supervisor.states()["worker"].exit_code == 128 + signal.SIGKILL
        assert supervisor.states()["worker"].crashes == count

    for count, delay in ((1, 1.0), (2, 2.0), (3, 4.0)):
        crash(count)
        clock.now += delay - 0.01
        supervisor.tick()
        assert supervisor.states()["worker"].ended_at is not None
        clock.now += 0.01
        supervisor.tick()
        assert supervisor.states()["worker"].ended_at is None


def test_a_child_without_restart_stays_ended(
    supervise: Callable[..., Supervisor], clock: Clock, eventually: Callable[..., None]
) -> None:
    supervisor = supervise(child("once", "print('done')", restart=False), clock=clock)
    supervisor.start()
    eventually(lambda: bool(supervisor.tick() or supervisor.states()["once"].ended_at is not None))
    clock.now += 3600
    supervisor.tick()
    assert supervisor.states()["once"].exit_code == 0
    assert supervisor.states()["once"].ended_at is not None


def test_a_stubborn_child_is_killed_with_all_that_it_started(
    home: Path,
    supervise: Callable[..., Supervisor],
    eventually: Callable[..., None],
    is_gone: Callable[[int], bool],
) -> None:
    supervisor = supervise(child("stubborn", STUBBORN, stop_timeout_seconds=0.2))
    supervisor.start()
    eventually(lambda: len(pids(home, "stubborn")) == 2)
    supervisor.stop()
    eventually(lambda: all(map(is_gone, pids(home, "stubborn"))))


def test_a_log_that_outgrew_its_limit_is_put_aside(home: Path, supervise: Callable[..., Supervisor]) -> None:
    (home / "logs").mkdir()
    with (home / "logs" / "worker.log").open("wb") as old:
        old.truncate(LOG_LIMIT_BYTES + 1)
    supervise(child("worker", WORKER, "worker", home / "notes", ready=lambda: bool(pids(home, "worker")))).start()
    assert (home / "logs" / "worker.log.1").stat().st_size == LOG_LIMIT_BYTES + 1
    assert (home / "logs" / "worker.log").stat().st_size < 1000


def test_two_children_of_one_name_are_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        Supervisor([child("twin", ""), child("twin", "")], home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_reverse_order(
    home: Path,
    run_script: Callable[..., "subprocess.Popen[str]"],
    eventually: Callable[..., None],
    number: signal.Signals,
) -> None:
    supervisor = run_script(SUPERVISOR, home)
    eventually(lambda: (home / "upkeep").exists())
    supervisor.send_signal(number)
    assert supervisor.wait(60) == 0
    assert notes_of(home / "notes")[3:] == ["stop third", "stop second", "stop first"]


def test_no_child_outlives_a_killed_supervisor(
    home: Path,
    run_script: Callable[..., "subprocess.Popen[str]"],
    eventually: Callable[..., None],
    is_gone: Callable[[int], bool],
) -> None:
    supervisor = run_script(SUPERVISOR, home)
    eventually(lambda: (home / "upkeep").exists())
    family = [one.pid for one in psutil.Process(supervisor.pid).children(recursive=True)]
    assert len(family) == 6  # three children, each with its guardian
    supervisor.kill()
    eventually(lambda: all(map(is_gone, family)))
    assert sorted(notes_of(home / "notes")[3:]) == ["stop first", "stop second", "stop third"]
