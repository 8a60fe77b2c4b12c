"""A program that runs one other program and never lets it outlive whoever asked for it.

It is run as a script of its own, by the `GuardedProcess` class, and imports nothing but the standard
library so that it starts in a few milliseconds.

The asker is noticed to be gone, even after SIGKILL, by two means: the pipe on standard input (the
lifeline) ends, and the parent's process id changes. The second is needed because a process that the asker
forked without exec keeps a copy of the pipe. A parent-death signal on the program alone would not do: it is
sent when the *thread* that forked ends, and web servers and worker pools fork from threads that come and go.
It does serve one level down, where this script has a single thread: should the guardian itself be killed,
the kernel sends the program its first stop signal.

Input: one line of JSON (`Order`), then nothing; a further byte or the end of the pipe means "stop".
Exit code: that of the program, 128 + n when signal n ended it, 127 when it could not be started.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TypedDict

LIFELINE = 0
PARENT_CHECK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Order(TypedDict):
    """What to run and how to end it.

    `stop` lists (signal number, seconds to wait after it), the gentlest first; SIGKILL always follows.
    `user` is (uid, gid) to change to before the program starts, or None to stay as we are.
    """

    argv: list[str]
    cwd: str
    parent_pid: int
    stop: list[tuple[int, float]]
    user: tuple[int, int] | None


class Alarm:
    """Wakes `select` when the child ends or somebody signals the guardian."""

    def __init__(self) -> None:
        self.read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.told_to_stop = False
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def wait(self, timeout_seconds: float, *others: int) -> list[int]:
        """The descriptors among `others` that can be read, after at most `timeout_seconds`."""
        ready, _, _ = select.select([self.read_fd, *others], [], [], max(timeout_seconds, 0))
        if self.read_fd in ready:
            os.read(self.read_fd, 4096)
        return [descriptor for descriptor in ready if descriptor != self.read_fd]


def _die_with_guardian(number: int) -> Callable[[], None]:
    """What the child does between fork and exec: ask for `number` when the guardian dies (Linux only)."""
    guardian_pid = os.getpid()
    prctl = getattr(ctypes.CDLL(None), "prctl", None)

    def ask() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != guardian_pid:
            os._exit(127)

    return ask


def _start(order: Order) -> subprocess.Popen[bytes]:
    first_stop_signal = order["stop"][0][0] if order["stop"] else int(signal.SIGKILL)
    uid, gid = order["user"] or (None, None)
    # Credentials change before preexec_fn runs; the other way round the kernel would forget the request.
    return subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        process_group=0,
        preexec_fn=_die_with_guardian(first_stop_signal),  # safe: there is a single thread here
    )


def _has_ended(pid: int) -> bool:
    """Whether the child has ended; leaves it unreaped, so that its process group id stays taken."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ends_within(pid: int, seconds: float, alarm: Alarm) -> bool:
    deadline = time.monotonic() + seconds
    while not _has_ended(pid):
        remaining_seconds = deadline - time.monotonic()
        if remaining_seconds <= 0:
            return False
        alarm.wait(remaining_seconds)
    return True


def _stop(pid: int, order: Order, alarm: Alarm) -> None:
    for number, seconds in order["stop"]:
        os.kill(pid, number)
        if _ends_within(pid, seconds, alarm):
            return
    os.kill(pid, signal.SIGKILL)


def guard(order: Order) -> int:
    """Run the program of `order` until it ends or we must stop it; returns the exit code to end with."""
    alarm = Alarm()
    try:
        child = _start(order)
    except OSError as error:
        print(f"cannot start {order['argv'][0]}: {error}", file=sys.stderr)
        return 127
    while not _has_ended(child.pid):
        lifeline_cut = alarm.wait(PARENT_CHECK_SECONDS, LIFELINE)
        if lifeline_cut or alarm.told_to_stop or os.getppid() != order["parent_pid"]:
            _stop(child.pid, order, alarm)
            break
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # what the program itself left behind
    code = child.wait()
    return 128 - code if code < 0 else code


def _read_order() -> Order | None:
    """The line on the lifeline, read without a buffer so that the end of the pipe stays visible."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(LIFELINE, 1)
        if not piece:
            return None
        line += piece
    order: Order = json.loads(line)
    return order


if __name__ == "__main__":
    received = _read_order()
    sys.exit(guard(received) if received else 0)
