"""kill -9 of the worker at every point of `backup.create`: the end state is that of an uninterrupted run.

These tests take long because each makes a whole backup set with two real worker processes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.testing.arrange import secret_file
from tests.control_plane import ControlPlane

STEPS = ("take:database", "take:uploads", "take:configuration", "seal")
POINTS = [
    *(f"engine.step.{point}:{step}" for step in STEPS for point in ("before", "started", "applied", "done")),
    "backup.create.database.streaming",
    "backup.create.files.streaming",
    "backup.create.seal.before_manifest",
]


@dataclass
class School:
    slug: str
    store: Path

    def sets(self) -> list[Path]:
        """The finished sets in the store."""
        return sorted(self.store.glob(f"{self.slug}/sets/*/manifest.json"))


@pytest.fixture
def school(database: str, control_plane: ControlPlane, home: Path) -> School:
    """A system in care with a database, two folders and a store."""
    slug = database.rpartition("/")[2].replace("_", "-")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE grade AS SELECT g AS id, g % 100 AS points FROM generate_series(1, 5000) g"
        )
        connection.execute("CREATE TABLE upload (path text, sha256 text, size_bytes bigint)")
    place = home / slug
    for folder in ("uploads", "configuration", "store"):
        (place / folder).mkdir(parents=True)
    (place / "uploads" / "photo.jpg").write_bytes(b"a photo" * 1000)
    (place / "configuration" / "erp.toml").write_text("school = 'North'")
    key = pyrage.x25519.Identity.generate()
    quoted = {
        name: json.dumps(secret_file(place, name, value)) for name, value in (("dsn", database), ("key", str(key)))
    }
    control_plane.apply(
        f'''
[system]
slug = "{slug}"
name = "North"
profile = "smart-education-erp"
environment = "scratch"
[components.database]
kind = "postgres"
dsn = {quoted["dsn"]}
[components.uploads]
kind = "files"
path = "{place}/uploads"
[components.configuration]
kind = "files"
path = "{place}/configuration"
[components.web]
kind = "web"
url = "http://127.0.0.1:1"
[components.backups]
kind = "store"
path = "{place}/store"
recipients = ["{key.to_public()}"]
identity = {quoted["key"]}
'''
    )
    return School(slug, place / "store")


@pytest.mark.parametrize("point", POINTS)
def test_killed(control_plane: ControlPlane, school: School, point: str) -> None:
    run = control_plane.ask("backup.create", school.slug)
    killed = control_plane.worker(failpoint=f"{point}=kill")
    control_plane.until(lambda: killed.poll() is not None, "the worker dies at its failpoint")
    assert killed.poll() == -9
    assert len(school.sets()) == (point in ("engine.step.applied:seal", "engine.step.done:seal"))
    control_plane.worker()
    assert control_plane.until_ended(run) == ["ok"]
    (manifest,) = school.sets()
    parts = json.loads(manifest.read_text())
    assert parts["system"] == school.slug
    left = [path.name for path in school.store.rglob("*") if path.name.endswith((".tmp", ".note.json"))]
    assert left == []
    kinds = control_plane.rows(
        "SELECT kind, count(*) AS n FROM records_ledgerentry"
        f" WHERE system = '{school.slug}' AND kind IN ('step.done', 'run.ended') GROUP BY kind ORDER BY kind"
    )
    assert [tuple(row.values()) for row in kinds] == [("run.ended", 1), ("step.done", len(STEPS))]
    evidence = control_plane.rows(f"SELECT kind FROM records_evidencerecord WHERE system = '{school.slug}'")
    assert [row["kind"] for row in evidence] == ["backup-set"]
    control_plane.verify_ledger()
