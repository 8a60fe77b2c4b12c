"""Starting the restored code of an ERP on the restored copy of its database."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.guarded import GuardedProcess
from schoolkeeper.connectors.postgres.cluster_files import free_port
from schoolkeeper.connectors.rehearsal import isolation, saying
from schoolkeeper.connectors.rehearsal.home import TEMPORARY, Home
from schoolkeeper.connectors.rehearsal.isolation import Isolation, Program
from schoolkeeper.connectors.rehearsal.places import fill
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import NoAnswer, WebLook
from schoolkeeper.kernel.errors import Unreachable

POLL_SECONDS = 0.05
ENDING_SECONDS = 0.5  # so long after a failure one sees whether it was its end
STEADY_SECONDS = 5.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class DidNotStart(Exception):
    """The ERP does not answer; the message says what it did instead and what its log says, without rows."""

    def __init__(self, says: str, isolation: Isolation) -> None:
        super().__init__(says)
        self.isolation = isolation


@dataclass(frozen=True, slots=True)
class Running:
    """An ERP that answers. `seconds` is how long it took until then."""

    process: GuardedProcess
    home: Home
    log: Path
    isolation: Isolation
    seconds: float

    def said(self) -> str:
        """What it says of a failure: whether it ended, and the last lines of its logs, without rows."""
        try:
            code: int | None = self.process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        return " ".join(filter(None, (_ended(code), _logged(self.home, self.log))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """All that it takes to start. `values` fill the places of the profile's texts; `folder` takes the log."""

    home: Home
    values: Mapping[str, str]
    headers: Mapping[str, str]
    database_port: int | None
    folder: Path

    def program(self) -> Program:
        rehearsal = self.home.rehearsal
        argv = [fill(text, self.values) for text in rehearsal.run]
        given = {name: fill(text, self.values) for name, text in rehearsal.environment.items()}
        return Program(
            argv=argv,
            # Nothing of our own environment, where the secrets of production may be.
            env={
                "PATH": os.pathsep.join((str(Path(sys.executable).parent), PATH)),
                "LC_ALL": "C.UTF-8",
                "HOME": str(self.home.folder),
                "TMPDIR": str(self.home.folder / TEMPORARY),
                **given,
            },
            cwd=self.home.folder,
            log=self.folder / "erp.log",
            web_port=int(self.values["port"]),
            database_port=self.database_port,
            writable=self.home.writable,
        )


def with_port(values: Mapping[str, str]) -> dict[str, str]:
    """The values with a free port and the address that belongs to it."""
    port = free_port()
    return {**values, "port": str(port), "url": f"http://127.0.0.1:{port}"}


@contextmanager
def running(start: Start) -> Iterator[Running]:
    """Have the ERP running for as long as the block lasts. Raises DidNotStart and PortTaken."""
    began = time.monotonic()
    program = start.program()
    program.log.unlink(missing_ok=True)
    process, isolated = isolation.start(program, start.folder)
    try:
        if says := _waited(start, process, began):
            raise DidNotStart(" ".join(filter(None, (says, _logged(start.home, program.log)))), isolated)
        yield Running(process, start.home, program.log, isolated, round(time.monotonic() - began, 3))
    finally:
        process.stop()


def _waited(start: Start, process: GuardedProcess, began: float) -> str:
    """Wait until the ERP answers; says why it does not, "" when it does.

    Status 500 is a failure of the program and not "not yet" (that is 503): when it stays for some seconds, there
    is nothing to wait for.
    """
    limit = began + start.home.rehearsal.start_timeout_seconds
    failing_since = None
    with WebLook("copy", WebComponent.model_validate({"kind": "web", "url": start.values["url"]})) as web:
        while True:
            says = _not_ready(web, start)
            if (code := process.poll()) is not None:  # looked at last: somebody else may answer at its port
                return _ended(code)
            if not says:
                return ""
            now = time.monotonic()
            failing_since = (failing_since or now) if says.endswith(" 500") else None
            if now > limit or (failing_since and now - failing_since > STEADY_SECONDS):
                return f"After {now - began:.0f} s: {says}."
            time.sleep(POLL_SECONDS)


def _not_ready(web: WebLook, start: Start) -> str:
    """Why the ERP is not up, "" when it is."""
    path = start.home.rehearsal.ready
    try:
        answer = web.get(path, start.headers)
    except Unreachable as error:
        return error.reason
    if isinstance(answer, NoAnswer):
        return answer.reason
    return f"{path} answers {answer.status}" if answer.status >= 500 else ""


def _ended(code: int | None) -> str:
    return "" if code is None else f"It ended by itself with exit code {code}."


def _logged(home: Home, log: Path) -> str:
    files = [log, *(home.folder / path for path in home.rehearsal.logs)]
    tails = [tail for file in files if (tail := saying.tail(file))]
    return "Its log ends: " + "\n".join(tails) if tails else ""
