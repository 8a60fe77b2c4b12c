"""Whoever is killed, no server is left behind, no data is lost and the next start works."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_files import read_postmaster
from schoolkeeper.server.postgres import EmbeddedPostgres

Script = Callable[..., "subprocess.Popen[str]"]
Gone = Callable[[int], bool]

OWNER = """
import os, sys, time
from pathlib import Path
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS
from schoolkeeper.server.postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]), settings=SCRATCH_SETTINGS, cache=Path(sys.argv[2]))
postgres.start()
if sys.argv[3] == "fork" and os.fork() == 0:
    os.closerange(0, 3)
    time.sleep(600)
    os._exit(0)
print("started", postgres.cluster.owns_server, flush=True)
sys.stdin.readline()
postgres.stop(float(sys.argv[4]))
print("stopped", flush=True)
"""


def start_owner(run_script: Script, home: Path, how: str = "-", patience: float = 0) -> "subprocess.Popen[str]":
    owner = run_script(OWNER, home / "pg", home / "cache", how, patience)
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith("started")
    return owner


def postmaster_pid(home: Path) -> int:
    found = read_postmaster(home / "pg" / "data")
    assert found is not None
    return found.pid


@pytest.mark.parametrize("how", ["-", "fork"])
def test_the_server_dies_with_its_killed_owner(
    run_script: Script, home: Path, eventually: Callable[..., None], is_gone: Gone, how: str
) -> None:
    """Also while a forked process still holds the owner's pipes."""
    owner = start_owner(run_script, home, how)
    server = postmaster_pid(home)
    family = [server, *(child.pid for child in psutil.Process(server).children(recursive=True))]
    assert len(family) > 3
    children = psutil.Process(owner.pid).children()
    assert len(children) == (2 if how == "fork" else 1)  # the guardian, and the forked one
    owner.kill()
    try:
        eventually(lambda: all(map(is_gone, family)))
    finally:
        for one in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def test_the_server_dies_with_its_killed_guardian(
    make_cluster: Callable[..., Cluster], home: Path, eventually: Callable[..., None], is_gone: Gone
) -> None:
    cluster = make_cluster()
    cluster.start()
    server = psutil.Process(postmaster_pid(home))
    guardian = server.parent()
    assert guardian is not None
    guardian.kill()
    eventually(lambda: is_gone(server.pid))
    assert not cluster.owns_server
    cluster.start()
    assert cluster.is_running()


def test_a_killed_server_comes_back_with_its_data(home: Path, eventually: Callable[..., None]) -> None:
    postgres = EmbeddedPostgres(home / "pg", cache=home / "cache")  # with the durable settings of real use
    with postgres:
        with postgres.cluster.connect("schoolkeeper") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster_pid(home), signal.SIGKILL)
        eventually(lambda: not postgres.cluster.owns_server)
        postgres.keep_running()
        with postgres.cluster.connect("schoolkeeper") as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        running = postmaster_pid(home)
        postgres.keep_running()
        assert postmaster_pid(home) == running


def test_a_second_process_uses_the_firsts_server_and_does_not_stop_it(run_script: Script, home: Path) -> None:
    start_owner(run_script, home)
    server = postmaster_pid(home)
    second = EmbeddedPostgres(home / "pg", settings=SCRATCH_SETTINGS, cache=home / "cache")
    second.start()
    assert not second.cluster.owns_server
    assert postmaster_pid(home) == server
    with second.cluster.connect("schoolkeeper") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.stop()
    assert second.cluster.is_running()
    assert postmaster_pid(home) == server


def test_a_patient_owner_waits_for_the_second_user(run_script: Script, home: Path, is_gone: Gone) -> None:
    owner = start_owner(run_script, home, patience=30)
    server = postmaster_pid(home)
    second = EmbeddedPostgres(home / "pg", settings=SCRATCH_SETTINGS, cache=home / "cache")
    second.start()
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdin.write("\n")
    owner.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        owner.wait(0.5)
    assert second.cluster.is_running()
    second.stop()
    assert owner.stdout.readline() == "stopped\n"
    assert is_gone(server)


def test_two_that_start_at_the_same_moment_share_one_server(run_script: Script, home: Path) -> None:
    both = [run_script(OWNER, home / "pg", home / "cache", "-", 0) for _ in range(2)]
    said = [process.stdout.readline() for process in both if process.stdout is not None]
    assert sorted(said) == ["started False\n", "started True\n"]


def test_a_process_id_that_was_reused_does_not_prevent_the_start(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster()
    cluster.initialise()
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        stale = cluster.files.data / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{cluster.files.data}\n1700000000\n5432\n\n127.0.0.1\n  1 1\nready   \n")
        cluster.start(timeout_seconds=60)
        assert cluster.is_running()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
