"""The child processes that the supervisor looks after, and when one of them is started again.

Deciding is apart from doing: `next_action` takes what is known about a child and the time, and touches
nothing.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
# A child that ran this long had recovered: its next crash counts as the first again.
STEADY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A program to keep running.

    `env` is its whole environment. `ready` says whether it serves yet (None: at once), waited for at the
    first start for at most `ready_timeout_seconds`. With `restart` it is started again when it ends, whatever
    the exit code. After `stop_signal` it has `stop_timeout_seconds` before SIGKILL.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    ready_timeout_seconds: float = 60.0
    restart: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class State:
    """What is known about a child; times in seconds of a monotonic clock.

    `ended_at` and `exit_code` are None while it runs; `crashes` counts those in quick succession.
    """

    restart: bool
    started_at: float
    ended_at: float | None = None
    exit_code: int | None = None
    crashes: int = 0


class Action(Enum):
    """What to do about a child now."""

    KEEP = "keep"  # it runs
    WAIT = "wait"  # it ended; its restart is not due yet
    START = "start"
    LEAVE = "leave"  # it ended and stays so


def next_action(state: State, now: float) -> Action:
    """Decide about one child."""
    if state.ended_at is None:
        return Action.KEEP
    if not state.restart:
        return Action.LEAVE
    return Action.START if now >= state.ended_at + delay_seconds(state.crashes) else Action.WAIT


def delay_seconds(crashes: int) -> float:
    """The pause before a restart: 1, 2, 4 … seconds, at most a minute."""
    doublings = max(min(crashes - 1, 16), 0)
    return min(FIRST_DELAY_SECONDS * 2.0**doublings, LONGEST_DELAY_SECONDS)


def after_end(state: State, exit_code: int, now: float) -> State:
    """The state once it is noticed that a child has ended."""
    steady = now - state.started_at >= STEADY_SECONDS
    return replace(state, ended_at=now, exit_code=exit_code, crashes=1 if steady else state.crashes + 1)


def after_start(state: State, now: float) -> State:
    """The state of a child that was started again."""
    return replace(state, started_at=now, ended_at=None, exit_code=None)


def describe_exit(exit_code: int) -> str:
    """An exit code in words; above 128 a signal ended the program, as in a shell."""
    if exit_code > 128:
        try:
            return f"was ended by {signal.Signals(exit_code - 128).name}"
        except ValueError:
            pass
    return f"ended with exit code {exit_code}"
