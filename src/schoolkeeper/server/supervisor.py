"""Runs a declared set of programs: starts them in order, keeps them running, stops them in reverse order."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from schoolkeeper.connectors.guarded import Command, GuardedProcess, last_lines, rotate
from schoolkeeper.server.processes import (
    Action,
    Child,
    State,
    after_end,
    after_start,
    describe_exit,
    next_action,
)

LOG_LIMIT_BYTES = 10_000_000
TICK_SECONDS = 0.5
READY_POLL_SECONDS = 0.05

logger = logging.getLogger(__name__)


class ChildFailed(Exception):
    """A child ended before it was ready, or was not ready in time; carries its last log lines."""


@dataclass(slots=True)
class _Running:
    child: Child
    process: GuardedProcess
    state: State


class Supervisor:
    """Looks after `children`; their output goes to `home`/logs/<name>.log.

    No child outlives the supervisor, not even after SIGKILL. `upkeep` is called at every tick, for what the
    children need and is not a child itself, such as the embedded database. `clock` gives seconds and never
    goes back; `pause` waits that many seconds or until a stop is requested. Names of children must differ
    (ValueError).
    """

    def __init__(
        self,
        children: Sequence[Child],
        home: Path,
        *,
        upkeep: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        if len({child.name for child in children}) < len(children):
            raise ValueError("Two children have the same name.")
        self.children = tuple(children)
        self.logs = home / "logs"
        self._upkeep = upkeep
        self._stop_requested = threading.Event()
        self._clock = clock
        self._pause = pause or self._stop_requested.wait
        self._running: list[_Running] = []

    def run(self) -> None:
        """Start everything, look after it until SIGINT, SIGTERM or `request_stop`, then stop everything.

        For the main thread, where signals arrive. Raises ChildFailed when the start fails.
        """
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            self.start()
            while not self._stop_requested.is_set():
                self.tick()
                self._pause(TICK_SECONDS)
        finally:
            # The signals stay caught until all is stopped: a second Ctrl-C must not leave half of it behind.
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request_stop()

    def request_stop(self) -> None:
        """Make `run` or `start` come to its end; returns at once."""
        self._stop_requested.set()

    def start(self) -> None:
        """Start the children in order, each when the one before is ready.

        Stops again what it started and raises ChildFailed when one does not come up.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with ExitStack() as on_fault:
            on_fault.callback(self.stop)
            for child in self.children:
                if self._stop_requested.is_set():
                    break
                running = _Running(child, self._spawn(child), State(child.restart, self._clock()))
                self._running.append(running)
                self._wait_until_ready(running)
            on_fault.pop_all()

    def tick(self) -> None:
        """One round of looking after the children: notice what ended, start again what is due."""
        if self._upkeep is not None:
            self._upkeep()
        for running in self._running:
            self._look_after(running)

    def stop(self) -> None:
        """Stop all children, last one first, each with the time it was given; returns when all are gone."""
        self.request_stop()
        while self._running:
            running = self._running.pop()
            running.process.stop()

    def log_of(self, child: Child) -> Path:
        """Where the output of a child goes."""
        return self.logs / f"{child.name}.log"

    def states(self) -> dict[str, State]:
        """What is known of each child that was started, by name."""
        return {running.child.name: running.state for running in self._running}

    def _spawn(self, child: Child) -> GuardedProcess:
        rotate(self.log_of(child), LOG_LIMIT_BYTES)
        return GuardedProcess(
            Command(
                name=child.name,
                argv=child.argv,
                env=child.env,
                log=self.log_of(child),
                cwd=Path.cwd(),
                stop=((child.stop_signal, child.stop_timeout_seconds),),
            )
        )

    def _wait_until_ready(self, running: _Running) -> None:
        child = running.child
        deadline = self._clock() + child.ready_timeout_seconds
        while child.ready is not None and not self._stop_requested.is_set():
            exit_code = running.process.poll()
            if exit_code is not None:
                raise self._failure(child, f"{describe_exit(exit_code)} before it was ready")
            if child.ready():
                return
            if self._clock() >= deadline:
                raise self._failure(child, f"was not ready within {child.ready_timeout_seconds:g} s")
            self._pause(READY_POLL_SECONDS)

    def _failure(self, child: Child, what: str) -> ChildFailed:
        log = self.log_of(child)
        return ChildFailed(f"'{child.name}' {what}. The end of {log}:\n{last_lines(log) or '(nothing)'}")

    def _look_after(self, running: _Running) -> None:
        now = self._clock()
        exit_code = running.process.poll()
        if exit_code is not None and running.state.ended_at is None:
            running.state = after_end(running.state, exit_code, now)
            logger.warning(
                "'%s' %s; see %s", running.child.name, describe_exit(exit_code), self.log_of(running.child)
            )
        if next_action(running.state, now) is Action.START:
            running.process = self._spawn(running.child)
            running.state = after_start(running.state, now)
            logger.warning("'%s' was started again", running.child.name)
