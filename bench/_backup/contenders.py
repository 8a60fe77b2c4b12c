"""Those that are measured: our own tasks, pg_dump with restic, and pgBackRest; each with a store of its own."""

import os
import secrets
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pyrage
from bench._backup.school import MAJOR, School, account_name, given_away

from schoolkeeper import profiles
from schoolkeeper.catalogue.backup.create.task import Create, CreateOptions
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts, Proof
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.facts import Facts, Options

PROFILE = "smart-education-erp"
OURS, RESTIC, PGBACKREST = "backup.create", "pg_dump -j2 + restic", "pgBackRest"


class Contender(Protocol):
    """`begin` makes an empty store; `back_up` takes the first backup, or the next one."""

    store: Path

    def begin(self) -> None: ...

    def back_up(self) -> object: ...


def stored_bytes(contender: Contender) -> int:
    return sum(path.stat().st_size for path in contender.store.rglob("*") if path.is_file())


class Ours:
    """Our tasks, carried out as the engine does but without its records."""

    def __init__(self, folder: Path, school: School) -> None:
        self.folder = folder / "ours"
        self.store, self._home = self.folder / "store", self.folder / "home"
        self._home.mkdir(parents=True)
        self._home.chmod(0o711)
        self.folder.chmod(0o711)
        self._profile = profiles.load(PROFILE)
        self._system = self._described(school)

    def _described(self, school: School) -> System:
        identity = pyrage.x25519.Identity.generate()
        for name, secret in (("dsn", school.dsn), ("identity", str(identity))):
            (self.folder / name).write_text(secret)
            (self.folder / name).chmod(0o600)
        store = {"kind": "store", "path": str(self.store), "recipients": [str(identity.to_public())]}
        components = {
            "database": {"kind": "postgres", "dsn": f"file:{self.folder}/dsn"},
            **{name: {"kind": "files", "path": str(path)} for name, path in school.folders.items()},
            "backups": {**store, "identity": f"file:{self.folder}/identity"},
        }
        definition = {"slug": "bench", "name": "Bench", "profile": PROFILE, "environment": "scratch"}
        return System.model_validate({**definition, "components": components})

    def begin(self) -> None:
        _emptied(self.store)

    def back_up(self, limit_mb_per_second: int = 0) -> Facts:
        return self._carry_out(Create(), CreateOptions(limit_mb_per_second=limit_mb_per_second))

    def drill(self) -> Proof:
        task = Drill()
        facts = self._carry_out(task, task.options())
        assert isinstance(facts, DrillFacts)
        assert facts.proof is not None, facts
        assert facts.proof.holds, facts.proof.faults
        return facts.proof

    def _carry_out(self, task: AnyTask, options: Options) -> Facts:
        """Assess, plan, apply, assess: the last one reads back what was written."""
        now = datetime.now(UTC)
        run = RunContext(f"run-{secrets.token_hex(4)}", now, now, self._home)
        with Look(self._system, self._profile, run, task.spec) as look:
            steps = task.plan(task.assess(look, options), options)
        with Act(self._system, self._profile, run, task.spec) as act:
            for step in steps:
                task.apply(step.action, act)
        with Look(self._system, self._profile, run, task.spec) as look:
            facts: Facts = task.assess(look, options)
        return facts


class Restic:
    """A dump into a folder, uncompressed so that restic finds what is the same, then restic on all folders."""

    def __init__(self, folder: Path, school: School) -> None:
        self._school = school
        self._folder = folder / "restic"
        self.store, self._dump = self._folder / "repository", self._folder / "dump"
        self._folder.mkdir()
        (self._folder / "password").write_text(secrets.token_urlsafe())
        paths = {"--repo": self.store, "--cache-dir": self._folder / "cache"}
        paths |= {"--password-file": self._folder / "password"}
        self._command = ["restic", "--quiet", *(f"{option}={path}" for option, path in paths.items())]

    def begin(self) -> None:
        _emptied(self.store)
        _emptied(self._folder / "cache")
        subprocess.run([*self._command, "init"], check=True)

    def back_up(self) -> None:
        shutil.rmtree(self._dump, ignore_errors=True)
        public, environment = address(self._school.dsn)
        dump = [str(find(MAJOR).path("pg_dump")), "-Fd", "-j2", "-Z0", "-f", str(self._dump), "-d", public]
        subprocess.run(dump, env=environment, check=True)
        folders = [str(self._dump), *map(str, self._school.folders.values())]
        subprocess.run([*self._command, "backup", "--exclude", "__pycache__", *folders], check=True)


class PgBackRest:
    """The server's files without the uploads: a full backup, then incremental ones. It does not encrypt here."""

    def __init__(self, folder: Path, school: School) -> None:
        self._folder, self._data = folder / "pgbackrest", school.server.files.data
        self._folder.mkdir(mode=0o755)
        self.store, self._config = self._folder / "repository", self._folder / "pgbackrest.conf"
        everywhere = {
            **{f"{name}-path": given_away(self._folder / name) for name in ("log", "lock", "spool")},
            "repo1-path": self.store,
            "start-fast": "y",
            "compress-type": "zst",
            "process-max": 2,
            "archive-check": "n",
            "repo1-retention-full": 2,
        }
        here = {
            "pg1-path": self._data,
            "pg1-socket-path": school.server.files.folder.parent / "socket",
            "pg1-port": school.server.port,
            "pg1-user": account_name(),
        }
        lines = ["[global]", *_lines(everywhere), "[bench]", *_lines(here)]
        self._config.write_text("\n".join(lines) + "\n")

    def begin(self) -> None:
        shutil.rmtree(self.store, ignore_errors=True)
        given_away(self.store)
        self._run("stanza-create")

    def back_up(self) -> None:
        self._run("backup", f"--type={'incr' if (self.store / 'backup/bench/latest').exists() else 'full'}")

    def _run(self, *command: str) -> None:
        account = service_account()
        program = ["pgbackrest", f"--config={self._config}", "--stanza=bench", "--log-level-console=warn"]
        subprocess.run(
            [*program, *command],
            check=True,
            cwd="/",
            env={"PATH": os.environ["PATH"]},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def _lines(settings: dict[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
