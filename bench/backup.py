"""How fast are backup and drill, against `pg_dump | gzip -6` and a bare `pg_restore -j2`, in one run?

    python bench/backup.py [--size medium] [--repeat 3]

Fills the reference ERP (medium: 3,000 students), or takes the database at $BENCH_DSN. Each round measures all four
on the same machine, one after the other; the medians and their ratios are printed.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.facts import Facts
from schoolkeeper.profiles.model import Profile

MAJOR = 16


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", choices=["small", "medium", "large"], default="medium")
    arguments.add_argument("--repeat", type=int, default=3)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-backup-"))
    folder.chmod(0o711)
    with ExitStack() as end:
        end.callback(shutil.rmtree, folder)
        source = os.environ.get("BENCH_DSN") or fill(end, folder, given.size)
        rounds = [measure(folder, source, number) for number in range(given.repeat)]
    report({name: [one[name] for one in rounds] for name in rounds[0]})


def fill(end: ExitStack, folder: Path, size: str) -> str:
    """A server with the database to save; it stops at the end."""
    server = end.enter_context(Cluster(folder / "source", find(MAJOR), settings=SCRATCH_SETTINGS))
    with server.connect() as connection:
        create_database(connection, "school")
    erp = {**os.environ, "SMART_ERP_DATABASE_URL": server.dsn("school"), "SMART_ERP_HOME": str(folder / "erp")}
    for command in (["migrate"], ["fill", "--size", size]):
        done = subprocess.run(
            [sys.executable, "-m", "smart_erp", *command], env=erp, check=True, capture_output=True, text=True
        )
        print(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else f"smart_erp {command[0]}")
    return server.dsn("school")


def timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def processor_seconds() -> float:
    """What this process and all that it started and waited for have used; other programs do not disturb it."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def measure(folder: Path, source: str, number: int) -> dict[str, float]:
    public, environment = address(source)
    programs = find(MAJOR).bin_dir
    dump, naive = folder / "bare.dump", folder / "naive.gz"
    system, profile = arrange(folder, source)
    run = RunContext(f"round{number}", datetime.now(UTC), datetime.now(UTC), folder / "home")
    (folder / "home").mkdir(exist_ok=True)
    numbers = {
        "pg_dump | gzip -6": timed(
            lambda: shell(f"{programs}/pg_dump '{public}' | gzip -6 > {naive}", environment)
        ),
        "backup.create": timed(lambda: carry_out(Create(), system, profile, run)),
        "pg_dump -Fc -Z0": timed(lambda: shell(f"{programs}/pg_dump -Fc -Z0 '{public}' > {dump}", environment)),
    }
    used = processor_seconds()
    numbers["pg_restore -j2"] = restore_bare(folder, dump)
    numbers["pg_restore -j2, processor"] = processor_seconds() - used
    started, used = time.monotonic(), processor_seconds()
    facts = carry_out(Drill(), system, profile, run)
    numbers["backup.drill"] = time.monotonic() - started
    numbers["backup.drill, processor"] = processor_seconds() - used
    assert isinstance(facts, DrillFacts)
    assert facts.proof is not None
    assert facts.proof.holds, facts.proof.faults
    for phase in facts.proof.phases:
        numbers[f"  {phase.name}"] = phase.seconds
    stored = sum(path.stat().st_size for path in (folder / "store" / "bench" / facts.set).iterdir())
    return numbers | {
        "MB gzip": naive.stat().st_size / 1e6,
        "MB set": stored / 1e6,
        "MB dump": dump.stat().st_size / 1e6,
    }


def shell(command: str, environment: dict[str, str]) -> None:
    subprocess.run(["bash", "-o", "pipefail", "-c", command], env=environment, check=True)


def restore_bare(folder: Path, dump: Path) -> float:
    """pg_restore alone, on a server that is already up, with the settings that a drill's has."""
    with Cluster(folder / "bare", find(MAJOR), settings=SCRATCH_SETTINGS) as server:
        with server.connect() as connection:
            create_database(connection, "bare")
        public, environment = address(server.dsn("bare"))
        command = f"{find(MAJOR).bin_dir}/pg_restore --exit-on-error --no-owner -j2 -d '{public}' {dump}"
        seconds = timed(lambda: shell(command, environment))
    shutil.rmtree(folder / "bare")
    return seconds


def arrange(folder: Path, source: str) -> tuple[System, Profile]:
    identity = pyrage.x25519.Identity.generate()
    (folder / "store").mkdir(exist_ok=True)
    for name, secret in (("dsn", source), ("identity", str(identity))):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    store = {"kind": "store", "path": str(folder / "store"), "recipients": [str(identity.to_public())]}
    components = {
        "database": {"kind": "postgres", "dsn": f"file:{folder}/dsn"},
        "backups": {**store, "identity": f"file:{folder}/identity"},
    }
    definition = {"slug": "bench", "name": "Bench", "profile": "bench", "environment": "scratch"}
    return System.model_validate({**definition, "components": components}), Profile(slug="bench", title="Bench")


def carry_out(task: AnyTask, system: System, profile: Profile, run: RunContext) -> Facts:
    """What the engine does, without its records: assess, plan, apply, assess."""
    with Look(system, profile, run, task.spec) as look:
        steps = task.plan(task.assess(look, task.options()), task.options())
    with Act(system, profile, run, task.spec) as act:
        for step in steps:
            task.apply(step.action, act)
    with Look(system, profile, run, task.spec) as look:
        facts: Facts = task.assess(look, task.options())
    return facts


def report(numbers: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(values) for name, values in numbers.items()}
    for name, values in numbers.items():
        unit = "MB" if name.startswith("MB") else "s"
        print(f"{name:25} {middle[name]:9.2f} {unit:2}   ({min(values):.2f} to {max(values):.2f})")
    backup = middle["pg_dump | gzip -6"] / middle["backup.create"]
    drill = middle["backup.drill"] / middle["pg_restore -j2"]
    work = middle["backup.drill, processor"] / middle["pg_restore -j2, processor"]
    print(f"\nbackup.create is {backup:.2f} times as fast as pg_dump | gzip -6 (aim: 3 or more)")
    print(f"backup.drill takes {drill:.2f} times as long as bare pg_restore -j2 (aim: 1.3 or less)")
    print(f"backup.drill needs {work:.2f} times its processor time (both with their server, from start to stop)")


if __name__ == "__main__":
    main()
