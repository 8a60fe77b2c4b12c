"""kill -9 of the worker at every point of `recover.rows`: what was approved is done once, and nothing tells of it.

These tests take long because each restores a set in two real worker processes.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.testing.arrange import secret_file
from tests.control_plane import ControlPlane

SCHOOL = """
CREATE TABLE upload (path text, sha256 text, size_bytes bigint);
CREATE TABLE pupil (id int PRIMARY KEY, name text);
CREATE TABLE mark (id serial PRIMARY KEY, pupil_id int NOT NULL REFERENCES pupil ON DELETE CASCADE, points int);
INSERT INTO pupil VALUES (1, 'Secretnameone'), (2, 'Secretnametwo');
INSERT INTO mark (pupil_id, points) VALUES (1, 7654321), (1, 7654322), (2, 7654323);
"""
STEPS = ("00001:public.pupil", "00002:public.mark", "00003:public.mark")
POINTS = [
    *(f"engine.step.{point}:{STEPS[0]}" for point in ("before", "started", "applied", "done")),
    f"engine.step.applied:{STEPS[2]}",
    "recover.rows.written",
    "recover.rows.noted",
]


@dataclass
class School:
    slug: str
    database: str

    def rows(self) -> list[tuple[object, ...]]:
        query = "SELECT p.*, m.id, m.points FROM pupil AS p LEFT JOIN mark AS m ON m.pupil_id = p.id ORDER BY 3"
        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, statement: str) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def school(database: str, control_plane: ControlPlane, home: Path) -> School:
    """A system in care with one set, and a pupil who was deleted since."""
    slug = database.rpartition("/")[2].replace("_", "-")
    school, place = School(slug, database), home / slug
    for folder in ("uploads", "configuration", "store"):
        (place / folder).mkdir(parents=True)
    school.run(SCHOOL)
    key = pyrage.x25519.Identity.generate()
    dsn, identity = (
        json.dumps(secret_file(place, name, value)) for name, value in (("dsn", database), ("key", str(key)))
    )
    control_plane.apply(
        f'''
[system]
slug = "{slug}"
name = "North"
profile = "smart-education-erp"
environment = "scratch"
[components.database]
kind = "postgres"
dsn = {dsn}
[components.uploads]
kind = "files"
path = "{place}/uploads"
[components.configuration]
kind = "files"
path = "{place}/configuration"
[components.backups]
kind = "store"
path = "{place}/store"
recipients = ["{key.to_public()}"]
identity = {identity}
'''
    )
    run = control_plane.ask("backup.create", slug)
    control_plane.worker()
    assert control_plane.until_ended(run) == ["ok"]
    return school


def approved(control_plane: ControlPlane, school: School) -> int:
    """A run that waits for no more than a worker."""
    school.run("DELETE FROM pupil WHERE id = 1")
    options = {"tables": ["public.pupil"], "include_dependents": True}
    run = control_plane.ask("recover.rows", school.slug, **options)
    waiting = f"SELECT 1 FROM records_run WHERE id = {run} AND state = 'waiting'"
    control_plane.until(lambda: control_plane.rows(waiting) != [], "the run waits for approval")
    control_plane.end_workers()
    control_plane.python(
        "from django.utils import timezone\n"
        "from schoolkeeper.engine.approvals import decide\n"
        "from schoolkeeper.records.models import Run\n"
        f"decide(Run.objects.get(pk={run}), by='another', grant=True, reason='', now=timezone.now())"
    )
    return run


# By itself: five digits come up within a digest, or a moment's fraction, now and then.
VALUES = re.compile(r"Secret|(?<![0-9a-f.])76543(?![0-9a-f])")


def nothing_is_left(control_plane: ControlPlane, school: School) -> None:
    """No scratch server, no restored copy, no value of a row in the ledger or in what a run says."""
    for process in psutil.process_iter(["name", "cmdline"]):
        assert not (
            process.info["name"] == "postgres" and f"{control_plane.home}/runs" in str(process.info["cmdline"])
        )
    assert list((control_plane.home / "runs").glob("*")) == []
    told = control_plane.rows(
        f"SELECT e::text AS text FROM records_ledgerentry AS e WHERE system = '{school.slug}'"
        f" UNION ALL SELECT says FROM records_run WHERE system = '{school.slug}'"
        f" UNION ALL SELECT error FROM records_steprecord AS s JOIN records_run AS r ON r.id = s.run_id"
        f" WHERE system = '{school.slug}'"
    )
    assert not any(VALUES.search(str(row["text"])) for row in told)
    control_plane.verify_ledger()


@pytest.mark.parametrize("point", POINTS)
def test_killed(control_plane: ControlPlane, school: School, point: str) -> None:
    well = school.rows()
    run = approved(control_plane, school)
    killed = control_plane.worker(failpoint=f"{point}=kill")
    control_plane.until(lambda: killed.poll() is not None, "the worker dies at its failpoint")
    assert killed.poll() == -9
    control_plane.worker()
    assert control_plane.until_ended(run) == ["ok"]
    assert school.rows() == well
    steps = control_plane.rows(f"SELECT key, state FROM records_steprecord WHERE run_id = {run} ORDER BY position")
    assert [tuple(step.values()) for step in steps] == [(key, "done") for key in STEPS]
    control_plane.end_workers()
    nothing_is_left(control_plane, school)


@pytest.mark.parametrize("point", ["", "recover.rows.taken_back"])
def test_somebody_else_was_quicker(control_plane: ControlPlane, school: School, point: str) -> None:
    """A row that the plan writes was entered again, with other values, after the approval was checked."""
    run = approved(control_plane, school)
    held = control_plane.worker(failpoint=f"engine.step.before:{STEPS[2]}=kill")
    control_plane.until(lambda: held.poll() is not None, "the worker dies before the last step")
    school.run("INSERT INTO mark VALUES (2, 2, 5)")
    theirs = [row for row in school.rows() if row[0] == 2]
    if point:
        killed = control_plane.worker(failpoint=f"{point}=kill")
        control_plane.until(lambda: killed.poll() is not None, "the worker dies while it takes back")
    control_plane.worker()
    assert control_plane.until_ended(run) == ["failed"]
    assert school.rows() == theirs
    assert control_plane.rows(f"SELECT 1 FROM engine_hold WHERE system = '{school.slug}'") == []
    control_plane.end_workers()
    nothing_is_left(control_plane, school)
