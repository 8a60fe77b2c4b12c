"""Child processes that end when we end, however we end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schoolkeeper.connectors import guardian


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run under a guardian.

    `name` is shown in the process list. `env` is the whole environment of the program (never put a secret
    into `argv`). `stop` lists (signal, seconds to wait after it), the gentlest first; SIGKILL follows.
    `user` is (uid, gid) to run as; None keeps ours. Output is appended to `log`.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path = Path("/")
    stop: Sequence[tuple[signal.Signals, float]] = field(default=((signal.SIGTERM, 10.0),))
    user: tuple[int, int] | None = None

    def order(self) -> guardian.Order:
        """The same, as the guardian reads it."""
        return {
            "argv": list(self.argv),
            "cwd": str(self.cwd),
            "parent_pid": os.getpid(),
            "stop": [(int(number), seconds) for number, seconds in self.stop],
            "user": self.user,
        }


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)  # an error message may quote personal data


def rotate(log: Path, limit_bytes: int) -> None:
    """Put a log that has outgrown its limit aside, over the one before it."""
    if log.exists() and log.stat().st_size > limit_bytes:
        log.replace(log.with_name(log.name + ".1"))


def last_lines(log: Path, count: int = 12, from_byte: int = 0) -> str:
    """The last lines of what was written to a log after `from_byte`; empty without a log."""
    try:
        with log.open("rb") as file:
            file.seek(from_byte)
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])


class GuardedProcess:
    """One running program, started at construction, in a session of its own.

    Ctrl-C in a terminal therefore does not reach it: we decide when and in which order things stop.
    `pid` is that of the guardian, whose only child is the program. A forked copy of this object must not be
    used. Raises OSError when the log cannot be opened.
    """

    def __init__(self, command: Command) -> None:
        self.name = command.name
        with open(command.log, "ab", opener=_private) as log:
            self._popen = subprocess.Popen(
                # By path and isolated (-I -S): no package of ours or of anybody else is imported on the way.
                [sys.executable, "-I", "-S", guardian.__file__, command.name],
                cwd="/",
                env=dict(command.env),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self._popen.stdin is not None
        self._lifeline = self._popen.stdin
        self._lifeline.write(json.dumps(command.order()).encode() + b"\n")
        self._lifeline.flush()

    @property
    def pid(self) -> int:
        """Process id of the guardian."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Exit code of the program (128 + n after signal n), or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        return self._popen.wait(timeout_seconds)

    def request_stop(self) -> None:
        """Ask the guardian to stop the program, without waiting; harmless when repeated."""
        if not self._lifeline.closed:
            try:
                # A byte and not only the end of the pipe: a forked process may hold the pipe open.
                self._lifeline.write(b"\n")
                self._lifeline.close()
            except BrokenPipeError:
                pass

    def stop(self) -> int:
        """Stop the program and wait until it is gone; returns its exit code."""
        self.request_stop()
        return self.wait()
