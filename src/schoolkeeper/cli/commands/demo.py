"""`schoolkeeper demo`: a living ERP, its daily programme, and what to look at next."""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.writing import console

if TYPE_CHECKING:
    from schoolkeeper.cli.results.demonstrated import Demonstrated
    from schoolkeeper.server.demo import Demo

app = typer.Typer()
WATCH_SECONDS = 60.0
STOPPING = (signal.SIGINT, signal.SIGTERM)


@command(app, "demo")
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the daily programme.")] = False,
    folder: Annotated[Path, typer.Option(help="Where everything of it is kept.")] = Path(".demo"),
    port: Annotated[
        int | None, typer.Option(help="The control room's port; default 8000, or a free one.", min=1, max=65535)
    ] = None,
    students: Annotated[str, typer.Option(help="How big a school: small (300), medium or large.")] = "small",
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete what an earlier one left first.")] = False,
) -> None:
    """Start a real ERP with a school in it and people at work, and carry out its daily programme.

    Nothing outside the folder is touched, and all listen on this machine alone. It runs until Ctrl-C, which
    stops everything it started; started again it goes on with what is there. With --once the exit code is 0
    only when every outcome is good.

    Example: schoolkeeper demo --once
    """
    from schoolkeeper.server.demo import Demo
    from schoolkeeper.server.demo_folder import choose, clear

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    began = time.monotonic()
    out = console()
    place = choose(folder)
    if place.root != folder.absolute().resolve():
        out.print(f"The database server's account cannot enter {folder.absolute()}, so all is in {place.root}.")
    if fresh:
        clear(place)

    def say(what: str) -> None:
        out.print(f"{time.monotonic() - began:6.1f} s  {what}", markup=False, soft_wrap=True)

    with _stoppable(), Demo(place, size=students, port=port, say=say) as running:
        try:
            running.start()
            result = _show(running, began)
            if not once:
                _wait(running)
        except KeyboardInterrupt:
            result = None
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        out.print("Stopping everything that was started …")
    out.print(f"Stopped. It is all kept in {place.root}; --fresh starts anew.", soft_wrap=True)
    if once and (result is None or result.exit_code):
        raise typer.Exit(result.exit_code if result else Exit.FINDINGS)


def _show(running: "Demo", began: float) -> "Demonstrated":
    from schoolkeeper.cli import progress
    from schoolkeeper.cli.results import applied, demonstrated
    from schoolkeeper.engine.request import request
    from schoolkeeper.programme.daily import request_daily
    from schoolkeeper.server.demo_definition import SLUG

    out = console()
    by = "demo"
    out.print(applied.summary(applied.apply([running.write_definition()], by=by)))
    running.warm_up()
    out.print()
    started = time.monotonic()
    # The drill's own place is once a month and after updates; whoever looks on wants to see it now.
    asked = [*request_daily(SLUG, by=by), request("backup.drill", SLUG, by=by, occasion="demonstration")]
    ids = [run.pk for run in asked]
    snapshot = progress.show(ids, out, between=running.wait)
    result = demonstrated.gather(
        SLUG, snapshot.runs, programme_seconds=time.monotonic() - started, total_seconds=time.monotonic() - began
    )
    out.print(demonstrated.render(result))
    out.rule("Look at it", align="left")
    for line in demonstrated.next_lines(running):
        out.print(line, markup=False, soft_wrap=True)
    out.rule("Result", align="left")
    for line in demonstrated.last_lines(result):
        out.print(line, markup=False, soft_wrap=True)
    return result


def _wait(running: "Demo") -> None:
    from schoolkeeper.programme.daily import request_watch
    from schoolkeeper.server.demo_definition import SLUG

    console().print(
        "Running until Ctrl-C; every minute it looks at the ERP again, so the charts grow.", style="bold"
    )
    next_watch = time.monotonic() + WATCH_SECONDS
    while True:
        running.wait(1.0)
        if time.monotonic() >= next_watch:
            next_watch = time.monotonic() + WATCH_SECONDS
            request_watch(SLUG, by="demo")


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does, and so does SIGINT where a shell made us deaf to it (a background job)."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
