"""People at work in an ERP under test: `smart_erp traffic`, without an end of its own, so that it may be slow."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.smart_erp.erp import COMMAND

USERS = 5
PATIENCE_SECONDS = 120  # on a machine that does other things too
SIGNED_IN = re.compile(r"\S+ - \w\S* \[")


@contextmanager
def traffic(url: str, environment: Mapping[str, str], rate: int) -> Iterator[subprocess.Popen[str]]:
    argv = [*COMMAND, "traffic", "--url", url, "--users", str(USERS), "--rate", str(rate)]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def ended(process: subprocess.Popen[str]) -> str:
    """What it prints when it is told to end."""
    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    return output


def lines_of(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def wait_for_work(log: Path, lines_before: int = 0) -> list[str]:
    """The new lines of the access log, once a visitor, too, knows that it is signed in.

    The server writes two lines about a person before the visitor has its answer; with more than two for each, one
    of them has gone on.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        lines = lines_of(log)[lines_before:]
        if sum(bool(SIGNED_IN.match(line)) for line in lines) > 2 * USERS:
            return lines
        assert time.monotonic() < deadline, lines[-3:]
        time.sleep(0.05)
