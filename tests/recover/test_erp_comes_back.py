"""The real ERP: taken as a set, wrecked, recovered, signed in to."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest
from psycopg import sql

import smart_erp
from schoolkeeper import profiles
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.recover.system.facts import SystemOptions
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.system import System
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import WebLook
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.failpoints import VARIABLE
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Backup
from schoolkeeper.testing import Subject
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME
from schoolkeeper.testing.ports import own_port
from tests.smart_erp.erp import PASSWORD, Erp

FOLDERS = {"uploads": "uploads", "configuration": "config", "code": "code/smart_erp"}
PROFILE = profiles.load("smart-education-erp").model_copy(update={"backup": Backup(files=list(FOLDERS))})
KILLED = -9
RIGHT = {"confirm": "north-college", "rename_aside": True}


class ErpWithCode(Erp):
    """Runs from the code in its own home, as an installation that can be lost."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PYTHONPATH": str(self.home / "code")}


@pytest.fixture
def erp(cluster: Cluster) -> Iterator[ErpWithCode]:
    home = Path(tempfile.mkdtemp(dir=HOME))
    home.chmod(0o711)
    name = f"erp_{secrets.token_hex(4)}"
    with cluster.connect() as connection:
        create_database(connection, name)
    erp = ErpWithCode(database_url=cluster.dsn(name), home=home, release="1.1", port=own_port())
    shutil.copytree(Path(smart_erp.__file__).parent, home / FOLDERS["code"])
    erp.run("migrate")
    erp.run("fill", "--size", "small", "--seed", "7")
    yield erp
    shutil.rmtree(home)
    with cluster.connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
        for (left,) in rows.fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(left)))


@pytest.fixture
def system(erp: ErpWithCode) -> System:
    identity = pyrage.x25519.Identity.generate()
    (erp.home / "store").mkdir()
    folders = {name: {"kind": "files", "path": str(erp.home / path)} for name, path in FOLDERS.items()}
    return System.model_validate(
        {
            "slug": "north-college",
            "name": "North College",
            "profile": "smart-education-erp",
            "environment": "production",
            "components": {
                **folders,
                "database": {"kind": "postgres", "dsn": secret_file(erp.home, "dsn", erp.database_url)},
                "backups": {
                    "kind": "store",
                    "path": str(erp.home / "store"),
                    "recipients": [str(identity.to_public())],
                    "identity": secret_file(erp.home, "key", str(identity)),
                },
            },
        }
    )


def on(erp: ErpWithCode, system: System, task: AnyTask, options: Options | None = None) -> Subject:
    home = erp.home / "schoolkeeper"
    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    return Subject(
        task=task,
        system=system,
        unreachable=system,
        profile=PROFILE,
        home=home,
        fingerprint=str,
        options=options or task.options(),
    )


def journey(erp: ErpWithCode) -> str:
    """Where a registrar's morning breaks off, "" when it does not."""
    password = secret_file(erp.home, "password", PASSWORD)
    address = {"kind": "web", "url": erp.url, "username": "registrar01", "password": password}
    with WebLook("web", WebComponent.model_validate(address)) as web:
        return web.journey(PROFILE.web.journey, PROFILE.web.headers).broken_at


def files_of(erp: ErpWithCode) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for folder in FOLDERS.values()
        for path in sorted((erp.home / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def destroy(erp: ErpWithCode) -> None:
    """As a disk or an intruder would: the database, the uploads, the keys and the code."""
    server, _, name = erp.database_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    for folder in FOLDERS.values():
        shutil.rmtree(erp.home / folder)


def rescue(erp: ErpWithCode, system: System, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    """What a person types at three in the morning, with no Schoolkeeper running."""
    file = erp.home / "north-college.toml"
    file.write_text(definition(system))
    command = ["rescue", "recover.system", str(file), "--confirm", "north-college"]
    environment = {name: value for name, value in os.environ.items() if name != "SCHOOLKEEPER_DATABASE_URL"}
    theirs = {name: value for name, value in erp.environment.items() if name.startswith("SMART_ERP_")}
    return subprocess.run(
        [sys.executable, "-m", "schoolkeeper", *command, "--option", "confirm=north-college"],
        env={**environment, **theirs, "SCHOOLKEEPER_HOME": str(erp.home / "schoolkeeper"), VARIABLE: failpoint},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def definition(system: System) -> str:
    """The system as a definition file. A JSON value is a TOML value too, as long as it is text or a list."""
    fields = system.model_dump(mode="json", exclude_defaults=True)
    components = fields.pop("components")
    tables = {"system": fields, **{f"components.{name}": one for name, one in components.items()}}
    return "\n".join(
        "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())])
        for name, table in tables.items()
    )


def test_an_erp_that_is_gone_comes_back_and_works(erp: ErpWithCode, system: System) -> None:
    with erp.serving():
        assert journey(erp) == ""
    digests, files = erp.digests(), files_of(erp)
    create = on(erp, system, Create())
    create.apply(create.plan())
    drill = on(erp, system, Drill())
    drill.apply(drill.plan())
    destroy(erp)
    assert rescue(erp, system, failpoint="recover.system.database_swapped=kill").returncode == KILLED
    done = rescue(erp, system)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "begun before and goes on" in done.stdout
    assert "0 differences" in " ".join(done.stdout.split())
    assert erp.digests() == digests
    assert files_of(erp) == files
    with erp.serving():
        assert journey(erp) == ""


def test_a_living_erp_is_closed_while_it_is_replaced(
    erp: ErpWithCode, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wrong button was pressed: all grades are gone, everything else runs. The ERP is never restarted."""
    for name in ("SMART_ERP_HOME", "SMART_ERP_DATABASE_URL", "SMART_ERP_RELEASE"):
        monkeypatch.setenv(name, erp.environment[name])
    create = on(erp, system, Create())
    create.apply(create.plan())
    grades = erp.one("SELECT count(*) FROM grade")
    assert grades > 0
    with erp.serving():
        erp.sql("DELETE FROM grade")
        options = SystemOptions.model_validate({**RIGHT, "unproven": True})
        subject = on(erp, system, RecoverSystem(), options)
        steps = subject.plan()
        keys = [step.key for step in steps]
        assert keys[:2] == ["begin", "maintenance"]
        swapped = keys.index("open")
        subject.apply(steps[:2])
        assert "maintenance is on" in erp.run("maintenance", "status")
        assert journey(erp) != ""
        subject.apply(steps[2:swapped])
        subject.apply(steps[swapped:])
        assert "maintenance is off" in erp.run("maintenance", "status")
        levels = {one.code: one.level for one in subject.task.judge(subject.assess(), options)}
        assert levels == {"recover.system.left_aside": Level.WARNING}
        assert erp.one("SELECT count(*) FROM grade") == grades
        assert journey(erp) == ""
