"""Running a backup tool: in a clean environment, never longer than we live, and without telling a secret."""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from schoolkeeper.connectors import guardian
from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.guarded import Command
from schoolkeeper.connectors.postgres.account import Account
from schoolkeeper.kernel.errors import Unreachable

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Copies are named and ordered by the local time of the machine; in another zone a tool takes a new one for an old.
ZONE = ":/etc/localtime"
LAST_LINES = 8
PIECE_BYTES = 1 << 20
_QUOTED = re.compile(r"(pass(?:word|phrase)?\s*=\s*)(?:'[^']*'|[^\s'\"]+)", re.IGNORECASE)
STOP = ((signal.SIGINT, 20.0), (signal.SIGTERM, 10.0))  # the tools tidy up after an interrupt


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Its last words, for a message."""
        text = (self.err.strip() or self.out.strip()).splitlines()
        return " / ".join(line.strip() for line in text[-LAST_LINES:]) or f"it ended with code {self.code}"


def located(component: str, program: str) -> Path:
    """Where a program is: as an absolute path, installed by the system, or beside our Python.

    Raises Unreachable when it is not installed.
    """
    beside = Path(sys.executable).parent
    found = shutil.which(program, path=f"{SEARCH}:{beside}")
    if found is None:
        raise Unreachable(component, f"the program {program} is not installed on this machine")
    return Path(found)


@dataclass(frozen=True, slots=True)
class Program:
    """A tool as one component uses it.

    `environment` comes on top of a clean one, and is the only place for secrets; `secrets` are what is blotted out
    of everything that the tool says. `account` is who it runs as; None: as we.
    """

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    account: Account | None = None

    def run(self, *arguments: str, out: IO[bytes] | int | None = None) -> Said:
        """Run it to its end; with `out`, what it prints goes there. It stops when we die or are interrupted."""
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as stderr:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", guardian.__file__, self.path.name],
                cwd="/",
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=printed if out is None else out,
                stderr=stderr,
                start_new_session=True,
            )
            lifeline = process.stdin
            assert lifeline is not None
            try:
                lifeline.write(json.dumps(self._order(arguments)).encode() + b"\n")
                lifeline.flush()
                process.wait()
            finally:
                lifeline.close()  # by which the guardian stops the tool
                process.wait()
            return Said(process.returncode, self._read(printed), self._read(stderr))

    @contextmanager
    def fed(self, *arguments: str) -> Iterator["Feed"]:
        """Run it on a stream. A block that is left by an exception ends the tool before it sees the stream's end,
        so that it does not take what came for everything; only our own death cannot be hidden from it."""
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as stderr:
            process = subprocess.Popen(
                [str(self.path), *arguments],
                cwd="/",
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=stderr,
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )
            feed = Feed(process, lambda code: Said(code, self._read(printed), self._read(stderr)))
            try:
                yield feed
            except BaseException:
                feed.abort()
                raise
            finally:
                feed.end()

    def blotted(self, text: str) -> str:
        """The text without our secrets, nor what a tool quotes of its own configuration."""
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return _QUOTED.sub(r"\1***", text)

    def _read(self, file: IO[bytes]) -> str:
        file.seek(0)
        return self.blotted(file.read().decode(errors="replace"))

    def _order(self, arguments: Sequence[str]) -> guardian.Order:
        return Command(
            name=self.path.name,
            argv=[str(self.path), *arguments],
            env={},
            log=Path(os.devnull),
            stop=STOP,
            user=(self.account.uid, self.account.gid) if self.account else None,
        ).order()

    def _environment(self) -> dict[str, str]:
        home = pwd.getpwuid(self.account.uid if self.account else os.geteuid()).pw_dir
        return {"PATH": SEARCH, "LC_ALL": "C.UTF-8", "TZ": ZONE, "HOME": home, **self.environment}


class Feed:
    """The standard input of a tool that runs."""

    def __init__(self, process: subprocess.Popen[bytes], said: Callable[[int], Said]) -> None:
        assert process.stdin is not None
        self._process = process
        self._input = process.stdin
        self._said = said

    def pour(self, stream: Readable) -> int:
        """Hand over a stream to its end; the bytes handed over, fewer when the tool gave up before."""
        poured = 0
        while piece := stream.read(PIECE_BYTES):
            try:
                self._input.write(piece)
                self._input.flush()
            except BrokenPipeError:
                break
            poured += len(piece)
        return poured

    def end(self) -> Said:
        """Tell the tool that this was all, and wait for it."""
        with suppress(BrokenPipeError):
            self._input.close()
        return self._said(self._process.wait())

    def abort(self) -> None:
        """End the tool while its input is still open."""
        for number, seconds in STOP:
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return
        self._process.kill()
        self._process.wait()
