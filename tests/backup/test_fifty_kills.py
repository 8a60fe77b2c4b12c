"""Fifty times kill -9 at a random moment of taking, drilling, pruning and recovering.

Takes long, because every interrupted task is carried to its end before the next begins. The moments are random,
by a seed that can be given in FIFTY_KILLS_SEED.
"""

import contextlib
import hashlib
import itertools
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.profiles.model import Backup, Profile
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME

KILLS = 50
PROFILE = Profile(slug="test", title="Test ERP", backup=Backup(files=["uploads"]))
EVERY_PERIOD = ("daily", "weekly", "monthly", "yearly")
CYCLE: tuple[tuple[str, dict[str, str]], ...] = (
    ("backup.create", {}),
    ("backup.drill", {}),
    ("backup.create", {}),
    ("backup.prune", {"keep_within_days": "0", **{f"keep_{period}": "0" for period in EVERY_PERIOD}}),
    ("recover.system", {"confirm": "north", "rename_aside": "true", "unproven": "true"}),
)


class School:
    """A database, a folder, a store, and the processes that take care of them."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.name = f"kills_{secrets.token_hex(4)}"
        self.dice = random.Random(os.environ.get("FIFTY_KILLS_SEED") or secrets.token_hex(4))
        for name in ("uploads", "store", "home"):
            (folder / name).mkdir()
            (folder / name).chmod(0o711)
        for number in range(30):
            (folder / "uploads" / f"{number}.jpg").write_bytes(os.urandom(20_000))
        with cluster.connect() as connection:
            create_database(connection, self.name)
        with self.connect() as connection:
            connection.execute("CREATE TABLE grade (id serial PRIMARY KEY, points int)")
            connection.execute("INSERT INTO grade (points) SELECT g FROM generate_series(1, 20000) AS g")
        key = pyrage.x25519.Identity.generate()
        self.store = {
            "kind": "store",
            "path": str(folder / "store"),
            "recipients": [str(key.to_public())],
            "identity": secret_file(folder, "key", str(key)),
        }
        dsn = secret_file(folder, "dsn", cluster.dsn(self.name))
        self.system = {
            "slug": "north",
            "name": "North",
            "profile": "test",
            "environment": "scratch",
            "components": {
                "database": {"kind": "postgres", "dsn": dsn},
                "uploads": {"kind": "files", "path": str(folder / "uploads")},
                "backups": self.store,
            },
        }
        self.master = subprocess.Popen(
            [sys.executable, "-m", "tests.backup.taskmaster"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.cluster.dsn(self.name), autocommit=True)

    def ask(self, task: str, options: dict[str, str], journal: Path) -> int:
        """Begin a task in a process; its number."""
        order = {
            "task": task,
            "options": options,
            "system": self.system,
            "profile": PROFILE.model_dump(mode="json"),
            "home": str(self.folder / "home"),
            "journal": str(journal),
        }
        assert self.master.stdin is not None
        print(json.dumps(order), file=self.master.stdin, flush=True)
        return int(self._line())

    def ended(self) -> int:
        """How the task ended."""
        return int(self._line())

    def _line(self) -> str:
        assert self.master.stdout is not None
        line = self.master.stdout.readline()
        assert line, "the process that carries out tasks has died"
        return line

    def broken_sets(self) -> list[str]:
        """What is wrong with sets that count."""
        component = StoreComponent.model_validate(self.store)
        with StoreLook("backups", component, "north") as store:
            sets = store.sets()
            parts = [part for one in sets if one.manifest for part in one.manifest.parts]
            unreadable = [one.fault for one in sets if one.manifest is None]
            return unreadable + [fault for part in parts if (fault := store.damage(part))]

    def scratch_servers(self) -> list[int]:
        """Servers of ours that still run a moment later."""
        deadline = time.monotonic() + 60
        while True:
            running = [
                process.pid
                for process in psutil.process_iter(["name", "cmdline"])
                if process.info["name"] == "postgres"
                and str(self.folder / "home") in " ".join(process.info["cmdline"] or [])
            ]
            if not running or time.monotonic() > deadline:
                return running
            time.sleep(0.05)

    def content(self) -> tuple[object, str]:
        with self.connect() as connection:
            rows = connection.execute("SELECT count(*), sum(points), max(id) FROM grade").fetchone()
        files = sorted((self.folder / "uploads").iterdir())
        return rows, hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    def close(self) -> None:
        assert self.master.stdin is not None
        self.master.stdin.close()
        self.master.wait(120)
        with self.cluster.connect() as connection:
            names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{self.name}%",))
            for (name,) in names.fetchall():
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def school(cluster: Cluster) -> Iterator[School]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    school = School(folder, cluster)
    yield school
    school.close()
    shutil.rmtree(folder)


def test_nothing_is_lost_and_nothing_half_done_counts(school: School) -> None:
    kills, spans = 0, dict[str, float]()
    for number in itertools.count():
        task, options = CYCLE[number % len(CYCLE)]
        before, journal = school.content(), school.folder / f"{number}.jsonl"
        while True:
            began = time.monotonic()
            pid = school.ask(task, options, journal)
            if kills < KILLS and school.dice.random() < 0.8:
                time.sleep(school.dice.uniform(0, spans.get(task, 1.5)))  # the random moment is what is tested
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            code = school.ended()
            if code == 0:
                spans[task] = max(spans.get(task, 0), time.monotonic() - began)
                break
            assert code == -signal.SIGKILL, f"{task} ended with {code}"
            kills += 1
            assert school.broken_sets() == []
            assert school.scratch_servers() == []
        assert school.broken_sets() == []
        assert school.content() == before, f"{task} lost something"
        if kills >= KILLS and number % len(CYCLE) == len(CYCLE) - 1:
            break
    left = [path for path in (school.folder / "home").rglob("*") if path.is_file() and "runs" in path.parts]
    assert left == [], "working files were left behind"
