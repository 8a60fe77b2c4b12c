"""A process that forks workers: each starts from here with everything imported, which takes seconds off a test.

Each line in is a JSON text, ["start", name, failpoint, programme] or ["poll", pid]; each line out its answer: the
new worker's pid, or how the worker ended (as subprocess counts: None while it lives, -9 after kill -9).
"""

import importlib
import json
import os
import signal
import sys
import threading

import django

from schoolkeeper.kernel.failpoints import VARIABLE

django.setup()

from schoolkeeper.engine.worker import work  # noqa: E402  # needs Django set up
from schoolkeeper.programme.scheduler.round import rounds  # noqa: E402

if more := os.environ.get("SCHOOLKEEPER_TEST_MORE"):
    importlib.import_module(more)

codes: dict[int, int] = {}


def start(name: str, failpoint: str, programme: bool) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.environ[VARIABLE] = failpoint
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    code = 1
    try:
        code = work(name, stop, rounds(name) if programme else ())
    finally:
        sys.stderr.flush()
        os._exit(code)


def poll(pid: int) -> int | None:
    if pid not in codes:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes.get(pid)


for line in sys.stdin:
    match json.loads(line):
        case ["start", name, failpoint, programme]:
            answer = start(name, failpoint, programme)
        case ["poll", pid]:
            answer = poll(pid)
    print(json.dumps(answer), flush=True)
