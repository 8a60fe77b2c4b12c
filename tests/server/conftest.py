"""Real folders, servers and processes; everything that is started here is gone after its test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from schoolkeeper.connectors.postgres import binaries
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.testing.folders import temporary_folder

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_folder("sk-") as folder:
        yield folder


@pytest.fixture
def make_cluster(home: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def make(version: int = 16, name: str = "pg", port: int | None = None) -> Cluster:
        cluster = Cluster(
            home / name,
            binaries.find(version, prefer="wheel"),
            port,
            settings=SCRATCH_SETTINGS,
            cache=home / "cache",
        )
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture
def run_script() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts Python source as a process of its own, with the arguments given; killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def run(source: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", source, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until a condition of another process holds, and fails when it never does."""

    def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.02)

    return wait


@pytest.fixture
def is_gone() -> Callable[[int], bool]:
    def check(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return check
