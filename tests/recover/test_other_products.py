"""MariaDB and SQLite, brought back by `schoolkeeper rescue` alone: a definition, a store, a key and a terminal."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import connect, query, quoted
from schoolkeeper.testing.arrange import secret_file

KILLED = -9
DEFINITION = """
[system]
slug = "north-college"
name = "North College ERP"
profile = "smart-education-erp"
environment = "production"
[components.database]
{database}
[components.uploads]
kind = "files"
path = "{folder}/uploads"
[components.backups]
kind = "store"
path = "{folder}/store"
recipients = ["{recipient}"]
identity = "{identity}"
"""
TABLES = (
    "CREATE TABLE grade (id INTEGER PRIMARY KEY, points INTEGER)",
    "INSERT INTO grade VALUES (1, 50), (2, 70)",
    "CREATE VIEW good AS SELECT id FROM grade WHERE points > 60",
)
LOST = ("DELETE FROM grade", "DROP VIEW good", "CREATE TABLE later (id INTEGER)")
RECOVER = ("recover.system", "--option", "confirm=north-college", "--option", "rename_aside=true")
UNPROVEN = ("--option", "unproven=true")


@dataclass
class Place:
    """`run` runs a statement in the ERP's database, and gives the first column of its rows."""

    folder: Path
    run: Callable[[str], list[object]]

    def rescue(self, *arguments: str, failpoint: str = "") -> int:
        environment = {
            **os.environ,
            "SCHOOLKEEPER_HOME": str(self.folder / "home"),
            "SCHOOLKEEPER_FAILPOINT": f"{failpoint}=kill" if failpoint else "",
        }
        task, *options = arguments
        command = ["rescue", task, str(self.folder / "north.toml"), "--confirm", "north-college", *options]
        done = subprocess.run(
            [sys.executable, "-m", "schoolkeeper", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr
        print(done.stdout, done.stderr)
        return done.returncode


def settle(folder: Path, database: str) -> None:
    for name in ("uploads/photos", "store", "home"):
        (folder / name).mkdir(parents=True)
    (folder / "uploads" / "photos" / "1.jpg").write_bytes(b"a photo")
    key = pyrage.x25519.Identity.generate()
    identity = secret_file(folder, "key", str(key))
    text = DEFINITION.format(database=database, folder=folder, recipient=key.to_public(), identity=identity)
    (folder / "north.toml").write_text(text)


@pytest.fixture
def on_mariadb(mariadb: str, mariadb_server: MariaServer, tmp_path: Path) -> Iterator[Place]:
    settle(tmp_path, f'kind = "mariadb"\ndsn = "{secret_file(tmp_path, "dsn", mariadb)}"')

    def run(statement: str) -> list[object]:
        with connect("database", mariadb, patient=True) as session:
            return [next(iter(row.values())) for row in query(session, statement)]

    yield Place(tmp_path, run)
    with mariadb_server.connect() as session:
        for row in query(session, "SHOW DATABASES"):
            if str(row["database"]).startswith(f"{mariadb.rpartition('/')[2]}_"):
                query(session, f"DROP DATABASE {quoted(str(row['database']))}")


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Place:
    path = tmp_path / "erp.sqlite"
    settle(tmp_path, f'kind = "sqlite"\npath = "{path}"')

    def run(statement: str) -> list[object]:
        with closing(sqlite3.connect(path, isolation_level=None)) as session:
            return [row[0] for row in session.execute(statement)]

    return Place(tmp_path, run)


@pytest.fixture(params=["on_mariadb", "on_sqlite"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("failpoint", ["recover.system.database_restored", "recover.system.database_swapped"])
def test_the_erp_comes_back_after_kill_9(place: Place, failpoint: str) -> None:
    """The same command goes on where it was, without a control plane."""
    for statement in TABLES:
        place.run(statement)
    assert place.rescue("backup.create") == 0
    for statement in LOST:
        place.run(statement)
    (place.folder / "uploads" / "photos" / "1.jpg").write_bytes(b"another")
    assert place.rescue(*RECOVER) == 1, "nobody has proven it"
    assert place.rescue(*RECOVER, *UNPROVEN, failpoint=failpoint) == KILLED
    assert place.rescue(*RECOVER, *UNPROVEN) == 0
    assert place.run("SELECT id FROM good") == [2]
    assert (place.folder / "uploads" / "photos" / "1.jpg").read_bytes() == b"a photo"
    with pytest.raises(Exception, match="later"):
        place.run("SELECT * FROM later")
    assert not (place.folder / "home" / "postgres").exists(), "no control plane was made"
