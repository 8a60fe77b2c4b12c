"""Starting a program where it can reach nothing: no network, no mail, no file but its own.

Where the kernel does not let us, the program is started all the same, with proxies that lead nowhere, and the
result says so: whoever calls reports it.
"""

import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.guarded import Command, GuardedProcess
from schoolkeeper.connectors.rehearsal import enclosure

GRACE_SECONDS = 5
ENCLOSING_SECONDS = 20.0
POLL_SECONDS = 0.01
NOWHERE = "http://127.0.0.1:9"  # the port of "discard", where nobody listens
DEAD_PROXIES = {
    **{
        name: NOWHERE
        for kind in ("http", "https", "ftp", "all")
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper())
    },
    "no_proxy": "127.0.0.1,localhost",
    "NO_PROXY": "127.0.0.1,localhost",
}


class PortTaken(Exception):
    """Another program took the port in the moment after it was found free: choose another."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """`why` says what could not be had, "" when the program is isolated in every way."""

    isolated: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start. It listens on `web_port` of the loopback address, where it is reached from outside too, and
    reaches `database_port` there (None: it needs none). `writable` are the only folders that it may change, as far
    as they exist. `env` is all of its environment. Output is appended to `log`.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    web_port: int
    database_port: int | None
    writable: Sequence[Path]


def start(program: Program, folder: Path) -> tuple[GuardedProcess, Isolation]:
    """Start a program, which dies with us. `folder` takes the order and the report, and the program cannot write
    there. Raises PortTaken."""
    process, report = _enclosed(program, folder)
    if report["enclosed"]:
        return process, Isolation(not report["lacks"], report["lacks"])
    process.stop()
    open_process = GuardedProcess(_command(program, program.argv, {**program.env, **DEAD_PROXIES}, program.cwd))
    return open_process, Isolation(False, f"the kernel gives it no network of its own ({report['lacks']})")


def _enclosed(program: Program, folder: Path) -> tuple[GuardedProcess, enclosure.Report]:
    order, report = folder / "enclosure.json", folder / "enclosure-report.json"
    report.unlink(missing_ok=True)
    order.write_text(json.dumps(_order(program, report)))
    # By path and isolated (-I -S), like the guardian: nothing of the program's environment may steer it.
    argv = [sys.executable, "-I", "-S", enclosure.__file__, str(order)]
    process = GuardedProcess(_command(program, argv, program.env, Path("/")))
    deadline = time.monotonic() + ENCLOSING_SECONDS
    while not report.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if report.exists():
        told: enclosure.Report = json.loads(report.read_bytes())
        return process, told
    if process.stop() == enclosure.PORT_TAKEN:
        raise PortTaken(f"port {program.web_port} was taken by another program")
    return process, {"enclosed": False, "lacks": "it could not be made"}


def _order(program: Program, report: Path) -> enclosure.Order:
    interpreter = {sys.prefix, sys.base_prefix, str(Path(program.argv[0]).parent)}
    return {
        "argv": list(program.argv),
        "cwd": str(program.cwd),
        "web_port": program.web_port,
        "database_port": program.database_port,
        "writable": [str(path.resolve()) for path in program.writable if path.exists()],
        "visible": sorted(path for path in interpreter if Path(path).is_absolute()),
        "report": str(report),
        "grace_seconds": GRACE_SECONDS,
    }


def _command(program: Program, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Command:
    stop = ((signal.SIGTERM, GRACE_SECONDS + 5.0),)  # the enclosure itself insists before
    return Command(name="rehearsed ERP", argv=argv, env=env, log=program.log, cwd=cwd, stop=stop)
