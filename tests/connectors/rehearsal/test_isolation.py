"""Nothing gets out of the enclosure, and nothing outlives whoever asked for it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from schoolkeeper.connectors.guarded import GuardedProcess
from schoolkeeper.connectors.rehearsal import enclosure
from schoolkeeper.connectors.rehearsal.isolation import Isolation, PortTaken, Program, start
from schoolkeeper.testing.ports import own_port

STANDIN = Path(__file__).with_name("standin.py")
STARTER = Path(__file__).with_name("start_standin.py")
SECONDS = 90  # on a machine that does other things too


@pytest.fixture
def folder() -> Iterator[Path]:
    """Directly below /tmp, which the enclosure covers, and open to other accounts.

    The stand-in lies in the part of it that stays visible: this checkout may lie below /tmp too.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o777)
        (path / "home").mkdir()
        (path / "home").chmod(0o777)
        shutil.copy(STANDIN, path / "home")
        yield path


@pytest.fixture
def servers(folder: Path) -> Iterator[dict[str, Any]]:
    """What listens outside: a server as production's may be, a mail server, sockets in files and without one."""
    with contextlib.ExitStack() as stack:
        tcp = {}
        for name in ("production", "smtp"):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            tcp[name] = list(listener.getsockname())
        unix = {"socket in a file": str(folder / "production.sock"), "socket": f"\0{folder.name}"}
        for address in unix.values():
            local = stack.enter_context(socket.socket(socket.AF_UNIX))
            local.bind(address)
            local.listen()
        yield {"tcp": {**tcp, "outside": ["192.0.2.1", 80], "mail": ["127.0.0.1", 25]}, "unix": unix}


@pytest.fixture
def foreign() -> Iterator[Path]:
    """A file that somebody else's mail program would find, were it written to."""
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=Path.home()) as name:
        file = Path(name) / "queue"
        file.write_text("untouched")
        yield file


def program(folder: Path, wanted: dict[str, Any], database_port: int | None = None) -> Program:
    port = own_port()
    return Program(
        argv=[sys.executable, str(folder / "home" / STANDIN.name), str(port), json.dumps(wanted)],
        env={"PATH": "/usr/bin:/bin"},
        cwd=Path("/"),
        log=folder / "log",
        web_port=port,
        database_port=database_port,
        writable=[folder / "home"],
    )


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def answer(port: int) -> dict[str, Any]:
    def asked() -> dict[str, Any] | None:
        with contextlib.suppress(httpx.TransportError):
            return dict(httpx.get(f"http://127.0.0.1:{port}/", timeout=30).json())
        return None

    return dict(wait_for(asked))


def running_with(mark: str) -> list[int]:
    return [one.pid for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or [])]


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; where the first process of a machine waits for nobody, it stays as a zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def started(wanted: Program, folder: Path) -> Iterator[tuple[GuardedProcess, Isolation]]:
    process, isolated = start(wanted, folder)
    try:
        yield process, isolated
    finally:
        process.stop()


def test_nothing_is_reached_but_the_database_and_its_own_files(
    folder: Path, servers: dict[str, Any], foreign: Path
) -> None:
    database = servers["tcp"].pop("production")
    files = {
        "own file": str(folder / "home/file"),
        "passing file": str(folder / "file"),
        "foreign file": str(foreign),
    }
    wanted = program(folder, {**servers, "files": files}, database_port=database[1])
    assert reached_from_here(servers)
    with started(wanted, folder) as (_, isolated):
        assert isolated == Isolation(True)
        found = answer(wanted.web_port)
    assert {name for name, reached in found.items() if reached is True} == {"own file", "passing file"}
    assert foreign.read_text() == "untouched"
    assert not (folder / "file").exists()  # it was written to a folder in memory that is gone
    assert (folder / "home/file").read_text() == "was here"


def reached_from_here(servers: dict[str, Any]) -> bool:
    """That the servers can be reached at all, or the test would prove nothing."""
    with socket.create_connection(tuple(servers["tcp"]["smtp"]), 3), socket.socket(socket.AF_UNIX) as local:
        local.connect(servers["unix"]["socket in a file"])
        return True


def test_the_database_is_reached_at_its_own_port(folder: Path, servers: dict[str, Any]) -> None:
    database = servers["tcp"]["production"]
    wanted = program(folder, {"tcp": {"database": database}}, database_port=database[1])
    with started(wanted, folder) as (_, isolated):
        assert isolated.isolated
        assert answer(wanted.web_port)["database"]


def test_what_it_leaves_in_the_background_ends_with_it(folder: Path) -> None:
    wanted = program(folder, {"leaves_behind": folder.name})
    with started(wanted, folder):
        answer(wanted.web_port)
        wait_for(lambda: running_with(folder.name))
    wait_for(lambda: not running_with(folder.name))


@pytest.mark.parametrize("victim", ["asker", "guardian", "enclosure"])
def test_everything_ends_when_one_link_of_the_chain_is_killed(folder: Path, victim: str) -> None:
    port = own_port()
    wanted = json.dumps({"leaves_behind": folder.name})
    with subprocess.Popen(
        [sys.executable, str(STARTER), str(folder), str(port), wanted], stdout=subprocess.PIPE
    ) as asker:
        assert asker.stdout is not None
        isolated, why, guardian = json.loads(asker.stdout.readline())
        assert (isolated, why) == (True, "")
        answer(port)
        family = psutil.Process(guardian).children(recursive=True)
        assert len(family) >= 5
        match victim:
            case "asker":
                asker.kill()
            case "guardian":
                os.kill(guardian, 9)
            case "enclosure":
                os.kill(family[0].pid, 9)
        wait_for(lambda: not any(map(runs, family)))
        assert running_with(folder.name) == []
        asker.kill()


def test_where_the_kernel_refuses_it_is_started_all_the_same_and_says_so(folder: Path) -> None:
    """Root without capabilities may neither make namespaces nor map itself into one of its own users."""
    port = own_port()
    argv = [
        "setpriv",
        "--bounding-set=-all",
        "--inh-caps=-all",
        sys.executable,
        str(STARTER),
        str(folder),
        str(port),
    ]
    with subprocess.Popen([*argv, "{}"], stdout=subprocess.PIPE) as asker:
        assert asker.stdout is not None
        isolated, why, guardian = json.loads(asker.stdout.readline())
        assert not isolated
        assert "not permitted" in why
        assert answer(port)["proxy"] == "http://127.0.0.1:9"
        guarding = psutil.Process(guardian)
        asker.kill()
        wait_for(lambda: not runs(guarding))


def test_an_ordinary_account_is_isolated_too(folder: Path, servers: dict[str, Any]) -> None:
    """By the system's own interpreter: another account may not be let to ours."""
    python, port = shutil.which("python3", path="/usr/bin"), own_port()
    assert python is not None
    scripts = {"enclosure.py": Path(enclosure.__file__), "standin.py": STANDIN}
    for name, script in scripts.items():
        (folder / name).write_bytes(script.read_bytes())
    order: enclosure.Order = {
        "argv": [python, str(folder / "standin.py"), str(port), json.dumps(servers)],
        "cwd": "/",
        "web_port": port,
        "database_port": None,
        "writable": [str(folder / "home")],
        "visible": [str(folder)],
        "report": str(folder / "report"),
        "grace_seconds": 3,
    }
    del servers["unix"]["socket in a file"]  # it lies in the folder that is made visible here
    order["argv"][3] = json.dumps(servers)
    (folder / "order").write_text(json.dumps(order))
    with subprocess.Popen(
        [python, "-I", "-S", str(folder / "enclosure.py"), str(folder / "order")],
        user=65534,
        group=65534,
        extra_groups=[],
    ) as process:
        found = answer(port)
        process.terminate()
        assert process.wait(SECONDS) == 128 + 15
    assert json.loads((folder / "report").read_text()) == {"enclosed": True, "lacks": ""}
    assert found["uid"] == 65534
    assert [name for name, reached in found.items() if reached is True] == []


def test_a_taken_port_is_told_apart(folder: Path) -> None:
    wanted = program(folder, {})
    with socket.create_server(("127.0.0.1", wanted.web_port)), pytest.raises(PortTaken):
        start(wanted, folder)
