"""Two real workers, and two schools on one machine that are never disturbed at a time."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from schoolkeeper.connectors.postgres.cluster import Cluster
from tests.control_plane import ControlPlane
from tests.programme.slow import SECONDS

DEFINITION = """
[system]
slug = "{slug}"
name = "{slug}"
profile = "smart-education-erp"
environment = "scratch"
[components.host]
kind = "host"
[components.diary]
kind = "files"
path = "{folder}"
"""
SCHOOLS = ("north", "south", "west")


@pytest.fixture
def plane(tmp_path: Path, database: str, cluster: Cluster) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path / "home", database, "tests.programme.slow")
    yield plane
    plane.close()


@pytest.fixture
def schools(plane: ControlPlane, tmp_path: Path) -> tuple[Path, ...]:
    """Three schools on one machine: their folders."""
    for slug in SCHOOLS:
        (tmp_path / slug).mkdir()
        plane.apply(DEFINITION.format(slug=slug, folder=tmp_path / slug))
    return tuple(tmp_path / slug for slug in SCHOOLS)


def approve(plane: ControlPlane) -> None:
    plane.python(
        "from django.utils import timezone\n"
        "from schoolkeeper.engine.approvals import decide\n"
        "from schoolkeeper.records.models import Run\n"
        "for run in Run.objects.filter(state='waiting'):\n"
        "    decide(run, by='head', grant=True, reason='', now=timezone.now())"
    )


def disturbances(schools: tuple[Path, ...]) -> list[tuple[float, float]]:
    diaries = (folder / "diary" for folder in schools)
    lines = (line.split() for diary in diaries if diary.exists() for line in diary.read_text().splitlines())
    return sorted((float(begin), float(end)) for begin, end in lines)


def never_two(schools: tuple[Path, ...]) -> int:
    """Assert that one ended before the next began; how many there were."""
    found = disturbances(schools)
    assert all(one[1] <= other[0] for one, other in pairwise(found)), found
    assert all(end - begin >= SECONDS for begin, end in found)
    return len(found)


def test_all_approved_at_the_same_moment(plane: ControlPlane, schools: tuple[Path, ...]) -> None:
    """Whatever people ask for and allow: one gets the machine, the others are refused and told why."""
    plane.worker("one")
    plane.worker("two")
    runs = [plane.ask("test.slow", slug) for slug in SCHOOLS]
    plane.until(
        lambda: len(plane.rows("SELECT FROM records_run WHERE state = 'waiting'")) == len(runs), "all wait"
    )
    approve(plane)
    outcomes = plane.until_ended(*runs)
    assert outcomes.count("ok") == never_two(schools) >= 1
    refused = plane.rows("SELECT refused_by, says FROM records_run WHERE outcome = 'refused'")
    assert len(refused) == len(runs) - outcomes.count("ok")
    assert all(row["refused_by"] == "host" and "is disturbing the machine" in str(row["says"]) for row in refused)
    assert plane.rows("SELECT FROM engine_hostlock") == []


def test_the_programme_lets_them_take_turns(plane: ControlPlane, schools: tuple[Path, ...]) -> None:
    """The scheduler asks for one at a time, so each gets its turn and none is refused."""
    plane.python(
        "from django.utils import timezone\n"
        "from datetime import timedelta\n"
        "from schoolkeeper.programme.models import Entry, Occurrence\n"
        "from schoolkeeper.programme.scheduler.looking_ahead import look_ahead\n"
        "now = timezone.now()\n"
        "look_ahead(now)\n"
        "Occurrence.objects.all().delete()\n"
        "for entry in Entry.objects.filter(task='test.slow'):\n"
        "    Occurrence.objects.create(entry=entry, due_at=now, not_before=now, late_at=now + timedelta(hours=1),"
        " missed_at=now + timedelta(hours=1))"
    )
    plane.worker("one", programme=True)
    plane.worker("two", programme=True)

    def all_done() -> bool:
        if plane.rows("SELECT FROM records_run WHERE state = 'waiting'"):
            approve(plane)
        done = plane.rows("SELECT FROM programme_occurrence WHERE state = 'done'")
        return len(done) == len(SCHOOLS)

    plane.until(all_done, "each school has had its turn")
    assert never_two(schools) == len(SCHOOLS)
    assert plane.rows("SELECT FROM records_run WHERE outcome <> 'ok'") == []
