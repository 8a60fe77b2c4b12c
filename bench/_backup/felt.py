"""What users feel of a backup: how long the ERP takes to answer before and meanwhile."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.request import urlopen

from bench._backup.school import School

from schoolkeeper.connectors.postgres.cluster_files import free_port

START_SECONDS = 30


@contextmanager
def serving(school: School) -> Iterator[str]:
    """The ERP's web server; its address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "smart_erp", "serve"]
    environment = school.environment | {"SMART_ERP_PORT": str(port)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url):
            assert time.monotonic() < deadline, "the ERP did not start"
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _answers(url: str) -> bool:
    with suppress(OSError), urlopen(f"{url}/healthz", timeout=5):
        return True
    return False


def answers(
    school: School, url: str, seconds: float, meanwhile: Callable[[], object] | None = None
) -> list[float]:
    """The milliseconds of every answer; `meanwhile` is done again and again for as long as it lasts."""
    command = [sys.executable, "-m", "bench._backup.visits", url, str(seconds)]
    visitors = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert visitors.stdin
    visitors.stdin.write((school.home / "config" / "demo_password").read_text().strip())
    visitors.stdin.close()
    visitors.stdin = None
    while meanwhile and visitors.poll() is None:
        meanwhile()
    printed, _ = visitors.communicate()
    assert visitors.returncode == 0
    milliseconds: list[float] = json.loads(printed)
    return milliseconds


def percentiles(milliseconds: list[float]) -> dict[int, float]:
    cuts = statistics.quantiles(milliseconds, n=100)
    return {percent: cuts[percent - 1] for percent in (50, 95, 99)}
