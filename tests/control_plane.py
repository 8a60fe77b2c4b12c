"""A whole control plane for one test: a database of its own, a system in care, workers to kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

HERE = Path(__file__).parent
PATIENCE_SECONDS = 180  # on a machine that does other things too


class Answering:
    """A process that answers each line of JSON with one."""

    def __init__(self, script: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)


class Worker:
    """A worker, in a process forked from another."""

    def __init__(self, nursery: Answering, name: str, failpoint: str, *, programme: bool) -> None:
        self._nursery = nursery
        self.pid = nursery.ask(["start", name, failpoint, programme])

    def poll(self) -> int | None:
        """How it ended; None while it lives."""
        code: int | None = self._nursery.ask(["poll", self.pid])
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class ControlPlane:
    """`home` is Schoolkeeper's folder, `dsn` the address of its empty database. Close it to end its workers.

    `more` names a module that its processes import once Django is set up: a test's tasks for the catalogue.
    """

    def __init__(self, home: Path, dsn: str, more: str = "") -> None:
        self.home = home
        self.dsn = dsn
        environment = {
            **os.environ,
            "SCHOOLKEEPER_HOME": str(home),
            "SCHOOLKEEPER_DATABASE_URL": dsn,
            "DJANGO_SETTINGS_MODULE": "schoolkeeper.server.settings",
            "PYTHONWARNINGS": "ignore",
            "SCHOOLKEEPER_TEST_MORE": more,
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        self._workers: list[Worker] = []
        self._django = Answering("django_process.py", environment)
        self._nursery = Answering("worker_process.py", environment)
        self.python("from django.core.management import call_command; call_command('migrate', verbosity=0)")

    def python(self, code: str) -> str:
        """Run code in a process with Django set up; what it printed."""
        answer = self._django.ask(code)
        assert "error" not in answer, answer["error"]
        return str(answer["out"])

    def apply(self, definition: str) -> None:
        self.python(
            "from schoolkeeper.engine.care import take_into_care\n"
            "from schoolkeeper.estate.definition import parse\n"
            f"take_into_care(parse({definition!r}), by='test')"
        )

    def ask(self, task: str, system: str, **options: object) -> int:
        """Queue a run; its id."""
        return int(
            self.python(
                "from schoolkeeper.engine.request import request\n"
                f"print(request({task!r}, {system!r}, by='test', options={options!r}).pk)"
            )
        )

    def worker(self, name: str = "main", failpoint: str = "", *, programme: bool = False) -> Worker:
        """Start a worker; `failpoint` (NAME=ACTION) says where it dies, `programme` whether it does its rounds."""
        self._workers.append(Worker(self._nursery, name, failpoint, programme=programme))
        return self._workers[-1]

    def rows(self, query: str) -> list[Mapping[str, object]]:
        with psycopg.connect(self.dsn, row_factory=dict_row) as connection:
            return list(connection.execute(query.encode()).fetchall())

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait until something is so; processes of their own leave nothing else to wait on."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < end, f"in {PATIENCE_SECONDS} s it did not happen that {what}"
            time.sleep(0.05)

    def until_ended(self, *runs: int) -> list[str]:
        """Wait until the runs have ended; their outcomes."""
        ids = ", ".join(map(str, runs))
        query = f"SELECT outcome FROM records_run WHERE id IN ({ids}) AND state = 'ended' ORDER BY id"
        self.until(lambda: len(self.rows(query)) == len(runs), f"runs {ids} end")
        return [str(row["outcome"]) for row in self.rows(query)]

    def verify_ledger(self) -> None:
        """Assert that the ledger agrees with itself and with every head that was ever signed."""
        self.python(
            "from django.conf import settings\n"
            "from schoolkeeper.ledger import export, head, keys, verify\n"
            "from schoolkeeper.records import ledger\n"
            "home = settings.SCHOOLKEEPER_HOME\n"
            "public = keys.PublicKey.of(keys.load_private(ledger.signing_key(home)))\n"
            "signed = ledger.sign_head(home, settings.SCHOOLKEEPER_INSTANCE)\n"
            "anchors = export.read_heads((home / 'ledger/heads.jsonl').open('rb'))\n"
            "report = verify.verify(export.lines(ledger.entries(), signed, public), public, anchors)\n"
            "assert report.ok, report.sentences()"
        )

    def end_workers(self) -> None:
        """Stop every worker that still lives, and wait for it."""
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        self.until(lambda: all(worker.poll() is not None for worker in self._workers), "the workers stop")
        self._workers.clear()

    def close(self) -> None:
        self.end_workers()
        self._nursery.close()
        self._django.close()
