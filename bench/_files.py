"""One phase of `bench/files.py`, in a process of its own: `python bench/_files.py PHASE FOLDER`."""

import hashlib
import os
import random
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.verify.task import Verify
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.profiles.model import Backup, Profile

PHASES: dict[str, type[AnyTask]] = {"first": Create, "second": Create, "verify": Verify, "drill": Drill}


ALTERED_ONE_IN = 100


def main() -> None:
    phase, folder = sys.argv[1], Path(sys.argv[2])
    if phase == "grow":
        grow(folder / "uploads", int(sys.argv[3]), int(sys.argv[4]))
        sqlite3.connect(folder / "erp.sqlite").executescript("CREATE TABLE pupil (id INTEGER PRIMARY KEY)")
    elif phase == "alter":
        alter(folder / "uploads")
    else:
        carry_out(phase, folder)


def grow(root: Path, files: int, size_bytes: int) -> None:
    chance = random.Random(1)
    for number in range(files):
        name = hashlib.sha1(str(number).encode()).hexdigest()
        path = root / name[:2] / name[2:3] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size_bytes))
        os.utime(path, ns=(time.time_ns() - number * 1_000_003,) * 2)


def alter(root: Path) -> None:
    """Change a share of the files, at least one."""
    chance = random.Random(2)
    for number, path in enumerate(one for one in sorted(root.rglob("*")) if one.is_file()):
        if number % ALTERED_ONE_IN == 0:
            path.write_bytes(chance.randbytes(path.stat().st_size))


def carry_out(phase: str, folder: Path) -> None:
    task = PHASES[phase]()
    system, profile = arrange(folder)
    at = datetime.now(UTC) + timedelta(seconds=list(PHASES).index(phase))
    run = RunContext(phase, at, at, folder / "home")
    options = task.options()
    with Look(system, profile, run, task.spec) as look:
        steps = task.plan(task.assess(look, options), options)
    with Act(system, profile, run, task.spec) as act:
        for step in steps:
            task.apply(step.action, act)
    with Look(system, profile, run, task.spec) as look:
        facts = task.assess(look, options)
    if isinstance(facts, DrillFacts):
        assert facts.proof is not None
        assert facts.proof.holds, facts.proof.faults


def arrange(folder: Path) -> tuple[System, Profile]:
    key, store = folder / "key", folder / "store"
    if not key.exists():
        key.write_text(str(pyrage.x25519.Identity.generate()))
        key.chmod(0o600)
        store.mkdir()
        (folder / "home").mkdir()
    recipient = str(pyrage.x25519.Identity.from_str(key.read_text()).to_public())
    components = {
        "database": {"kind": "sqlite", "path": str(folder / "erp.sqlite")},
        "uploads": {"kind": "files", "path": str(folder / "uploads")},
        "backups": {
            "kind": "store",
            "path": str(store),
            "recipients": [recipient],
            "identity": f"file:{key}",
        },
    }
    definition = {"slug": "bench", "name": "Bench", "profile": "bench", "environment": "scratch"}
    profile = Profile(slug="bench", title="Bench", backup=Backup(files=["uploads"]))
    return System.model_validate({**definition, "components": components}), profile


if __name__ == "__main__":
    main()
