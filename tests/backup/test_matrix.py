"""Every engine with every database of every version that can be had here: a set is taken, and a drill proves it.

Takes long, because each cell starts a server, saves it with the real tool and restores it into another one.
"""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.facts import DrillFacts
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.mariadb.address import parsed
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.sqlite.session import open_to_write
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.facts import Facts
from schoolkeeper.profiles.model import Assertion, Backup, Profile
from schoolkeeper.testing.arrange import secret_file
from tests.backup.matrix import CASES, ENGINES, NOT_MADE_FOR, SERVERS, Case
from tests.connectors.engines import school, test_barman, test_pgbackrest

PROFILE = Profile(
    slug="test",
    title="Test ERP",
    backup=Backup(files=["uploads"]),
    integrity=[Assertion(code="grades", title="Grades", query="SELECT id FROM grade WHERE points < 0")],
)
GRADES = 500


class Place:
    """A folder with uploads and a store, to which a server and a tool are added."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.key = pyrage.x25519.Identity.generate()
        for name in ("uploads", "store", "home"):
            (folder / name).mkdir()
            (folder / name).chmod(0o711)
        (folder / "uploads" / "photo.jpg").write_bytes(b"a photo" * 1000)
        self.components: dict[str, Any] = {"uploads": {"kind": "files", "path": str(folder / "uploads")}}
        self.by: dict[str, str] = {}
        self.before_drill: Callable[[], object] = lambda: None

    def system(self) -> System:
        store = {
            "kind": "store",
            "path": str(self.folder / "store"),
            "recipients": [str(self.key.to_public())],
            "identity": secret_file(self.folder, "key", str(self.key)),
            **self.by,
        }
        common = {"slug": "north", "name": "North", "profile": "test", "environment": "scratch"}
        return System.model_validate({**common, "components": {**self.components, "backups": store}})

    def carry_out(self, task: AnyTask) -> Facts:
        now = datetime.now(UTC)
        run = RunContext(f"matrix-{task.spec.id}", now, now, self.folder / "home")
        system, options = self.system(), task.options()
        with Look(system, PROFILE, run, task.spec) as look:
            before = task.assess(look, options)
        for step in task.plan(before, options):
            with Act(system, PROFILE, run, task.spec) as act:
                task.apply(step.action, act)
        with Look(system, PROFILE, run, task.spec) as look:
            facts: Facts = task.assess(look, options)
        return facts


@pytest.fixture
def place() -> Iterator[Place]:
    with school.place() as folder, ExitStack() as stack:
        yield Place(folder, stack)


def postgres(place: Place, major: int) -> Cluster:
    """A server without an archive, for engines that keep dumps."""
    server = Cluster(place.folder / "server", find(major), settings=SCRATCH_SETTINGS)
    place.stack.enter_context(server)
    return server


def fill_postgres(place: Place, server: Cluster) -> None:
    with server.connect() as connection:
        create_database(connection, "school")
    with psycopg.connect(server.dsn("school"), autocommit=True) as connection:
        connection.execute("CREATE TABLE grade (id serial PRIMARY KEY, points numeric)")
        connection.execute("INSERT INTO grade (points) SELECT g FROM generate_series(1, %s) AS g", (GRADES,))
    dsn = secret_file(place.folder, "dsn", server.dsn("school"))
    place.components["database"] = {"kind": "postgres", "dsn": dsn}


def fill_mariadb(place: Place, dsn: str) -> None:
    address = parsed(dsn)
    connection = pymysql.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE grade (id int PRIMARY KEY AUTO_INCREMENT, points int) ENGINE=InnoDB")
        cursor.executemany("INSERT INTO grade (points) VALUES (%s)", [(g,) for g in range(1, GRADES + 1)])
        cursor.execute("CREATE FUNCTION best() RETURNS int READS SQL DATA RETURN (SELECT max(points) FROM grade)")
    place.components["database"] = {"kind": "mariadb", "dsn": secret_file(place.folder, "dsn", dsn)}


def fill_sqlite(place: Place) -> None:
    path = place.folder / "school.db"
    path.touch()
    connection = open_to_write(path)
    connection.execute("CREATE TABLE grade (id integer PRIMARY KEY, points integer)")
    connection.executemany("INSERT INTO grade (points) VALUES (?)", [(g,) for g in range(1, GRADES + 1)])
    connection.commit()
    connection.close()
    place.components["database"] = {"kind": "sqlite", "path": str(path)}


def with_restic(place: Place) -> None:
    """It keeps the dump and the folders."""
    password = secret_file(place.folder, "password", secrets.token_hex(8))
    repository = str(place.folder / "repository")
    environment = {
        **os.environ,
        "RESTIC_REPOSITORY": repository,
        "RESTIC_PASSWORD_FILE": password.removeprefix("file:"),
    }
    subprocess.run(["restic", "init", "--quiet"], env=environment, check=True)
    place.components["restic"] = {"kind": "restic", "repository": repository, "password": password}
    place.by = {"database_by": "restic", "files_by": "restic"}


def with_pgbackrest(place: Place, major: int) -> None:
    config = test_pgbackrest.configured(place.folder, place.folder / "server")
    push = f"pgbackrest --config={config} --stanza=north --log-level-console=off archive-push %p"
    socket = str(place.folder / "socket")
    server = school.serve(place.folder / "server", major, push, unix_socket_directories=socket)
    place.stack.callback(server.stop)
    config.write_text(config.read_text().replace("pg1-port=1", f"pg1-port={server.port}"))
    component = {"kind": "pgbackrest", "stanza": "north", "config": str(config)}
    place.components["pgbackrest"] = component
    place.by = {"database_by": "pgbackrest"}
    model = test_pgbackrest.PgbackrestComponent.model_validate(component)
    test_pgbackrest.School(server, config, model, None, None).type("stanza-create")  # type: ignore[arg-type]
    fill_postgres(place, server)


def with_barman(place: Place, major: int) -> None:
    incoming = school.give(place.folder / "home" / "north" / "incoming")
    server = school.serve(place.folder / "server", major, f"cp %p {incoming}/%f")
    place.stack.callback(server.stop)
    config = test_barman.configured(place.folder, server)
    component = {"kind": "barman", "server": "north", "config": str(config)}
    place.components["barman"] = component
    place.by = {"database_by": "barman"}
    model = test_barman.BarmanComponent.model_validate(component)
    north = test_barman.School(major, server, model, None, None)  # type: ignore[arg-type]
    north.type("switch-wal", "--archive", "--force", "north")
    fill_postgres(place, server)
    place.before_drill = lambda: north.type("archive-wal", "north")  # what `barman cron` does each minute


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_taken_and_proven(place: Place, case: Case, request: pytest.FixtureRequest) -> None:
    product_name, version = case.server.split("-")
    match case.engine:
        case "pgbackrest":
            with_pgbackrest(place, int(version))
        case "barman":
            with_barman(place, int(version))
        case _ if product_name == "postgres":
            fill_postgres(place, postgres(place, int(version)))
        case _ if product_name == "mariadb":
            fill_mariadb(place, request.getfixturevalue("mariadb"))
        case _:
            fill_sqlite(place)
    if case.engine == "restic":
        with_restic(place)
    place.carry_out(Create())
    place.before_drill()
    facts = place.carry_out(Drill())
    assert isinstance(facts, DrillFacts)
    assert facts.proof is not None
    grave = [fault for fault in facts.proof.faults if fault.level != "info"]
    assert grave == [], case
    assert facts.proof.holds
    assert facts.proof.count("rows") == GRADES
    assert facts.proof.count("files") == 1
    assert version in facts.proof.server


def test_the_matrix_is_complete() -> None:
    """Every cell is tested once, or says why it cannot be."""
    cells = [(case.engine, case.server) for case in CASES]
    assert len(cells) == len(set(cells))
    assert set(cells) | NOT_MADE_FOR.keys() == set(product(ENGINES, SERVERS))
    assert not set(cells) & NOT_MADE_FOR.keys()
