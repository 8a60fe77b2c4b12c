"""`serve` as people run it: everything comes up, is used by other commands, and is gone afterwards."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from schoolkeeper.testing.folders import temporary_folder
from schoolkeeper.testing.ports import own_port
from tests.cli.conftest import DEFINITION

PATIENCE_SECONDS = 90


class Serve:
    """One `schoolkeeper serve` in a home of its own, and other commands beside it."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = own_port()
        self.process = self._start(*options)
        self.said = ""

    def _start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "schoolkeeper", "serve", "--port", str(self.port), *options]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith(("SCHOOLKEEPER", "DJANGO"))
        }
        return {**ours, "SCHOOLKEEPER_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def until_said(self, pattern: str) -> str:
        assert self.process.stdout is not None
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, f"it ended with {self.process.wait()} and said: {self.said}"
            self.said += line
        return found[1]

    def command(self, *arguments: str, code: int = 0) -> str:
        """Another command on the same home, in its own process."""
        done = subprocess.run(
            [sys.executable, "-m", "schoolkeeper", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def serve() -> Iterator[Callable[..., Serve]]:
    started: list[Serve] = []
    with temporary_folder("schoolkeeper-serve-") as folder:

        def start(*options: str) -> Serve:
            started.append(Serve(folder, *options))
            return started[-1]

        yield start
        for one in started:
            if one.process.poll() is None:
                one.process.terminate()
            one.process.wait(PATIENCE_SECONDS)
            assert one.process.stdout is not None
            one.process.stdout.close()


def wait_until(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def names(processes: list[psutil.Process]) -> str:
    found: list[str] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the sessions of a database server come and go
            found += process.cmdline()
    return " ".join(found)


def test_everything_comes_up_works_and_stops(serve: Callable[..., Serve], database: str) -> None:
    server = serve()
    address = server.until_said(r"is at (\S+)")
    password = server.until_said(r"Sign in as administrator with the password (\S+)")
    with urllib.request.urlopen(address) as answer:
        assert answer.status == 200
    assert password not in names(server.family())
    assert not re.search(r"postgresql://\S+:\S+@", names(server.family())), "no secret in the process list"

    (server.home / "dsn").write_text(database)
    (server.home / "north.toml").write_text(DEFINITION.format(dsn=server.home / "dsn"))
    server.command("apply", str(server.home / "north.toml"))
    wait_until(lambda: "main" in server.command("status", code=3), "the worker is at work")
    result = json.loads(server.command("run", "database.analyze", "north-college", "--json"))
    assert result["runs"][0]["outcome"] == "nothing_to_do"
    assert result.keys() == {"system", "occasion", "seconds", "runs"}
    assert "nothing to do" in server.command("run", "database.analyze", "north-college")
    assert "no fault found" in server.command("ledger", "verify")
    occupied = server.command("serve", "--port", str(server.port), code=3)
    assert f"Port {server.port} is used" in occupied

    family = server.family()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_SECONDS) == 0
    assert [process for process in family if process.is_running()] == []
    assert "No worker is at work" in server.command("status", code=3), (
        "without it a command starts the database itself"
    )
    server.command("run", "database.analyze", "north-college", code=3)


def test_nothing_survives_a_kill(serve: Callable[..., Serve]) -> None:
    server = serve("--workers", "2")
    server.until_said(r"is at (\S+)")
    family = server.family()
    for part in ("postgres", "granian", "server.worker main", "server.worker main-2"):
        assert part in names(family)
    server.process.kill()
    wait_until(lambda: not any(process.is_running() for process in family), f"still there: {family}")
