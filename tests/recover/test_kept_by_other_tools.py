"""What restic, pgBackRest and Barman keep for us comes back by the same recoveries as what we keep ourselves.

Takes long, because each starts a server, saves it with the real tool and restores it twice.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.recover.files.facts import FilesOptions
from schoolkeeper.catalogue.recover.files.task import RecoverFiles
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.catalogue.recover.system.facts import SystemOptions
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors import kept_files
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.engines.restic.look import ResticLook
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.failpoints import VARIABLE, InjectedFailure
from tests.backup.test_matrix import (
    GRADES,
    PROFILE,
    Place,
    fill_postgres,
    place,
    postgres,
    with_barman,
    with_pgbackrest,
    with_restic,
)

__all__ = ["place"]
SAVED = (b"a photo" * 1000, GRADES)


STARTED = datetime.now(UTC)


def carry_out(place: Place, task: AnyTask, options: Options) -> Facts:
    """Look, plan, carry out and look again, as a run does that is gone on with when it was broken off."""
    run = RunContext(f"kept-{task.spec.id}", STARTED, STARTED, place.folder / "home")
    system = place.system()
    with Look(system, PROFILE, run, task.spec) as look:
        before = task.assess(look, options)
    errors = [one.says for one in task.judge(before, options) if one.level.name == "ERROR"]
    steps = task.plan(before, options)
    assert steps, errors
    for step in steps:
        with Act(system, PROFILE, run, task.spec) as act:
            task.apply(step.action, act)
    with Look(system, PROFILE, run, task.spec) as look:
        after: Facts = task.assess(look, options)
    assert [one.says for one in task.verify(before, after, options) if one.level.name == "ERROR"] == []
    return after


def plan(place: Place, task: AnyTask, options: Options) -> tuple[int, list[str]]:
    """How many steps there would be, and what is in their way."""
    run = RunContext(f"kept-{task.spec.id}", STARTED, STARTED, place.folder / "home")
    with Look(place.system(), PROFILE, run, task.spec) as look:
        facts = task.assess(look, options)
    errors = [one.says for one in task.judge(facts, options) if one.level.name == "ERROR"]
    return len(task.plan(facts, options)), errors


def dsn_of(place: Place) -> str:
    return Path(place.components["database"]["dsn"].removeprefix("file:")).read_text().strip()


def grades(place: Place) -> int:
    with psycopg.connect(dsn_of(place)) as connection:
        row = connection.execute("SELECT count(*) FROM grade").fetchone()
    assert row is not None
    return int(row[0])


def query(place: Place, statement: str) -> None:
    with psycopg.connect(dsn_of(place), autocommit=True) as connection:
        connection.execute(statement.encode())


def standing(place: Place) -> tuple[bytes, int]:
    return (place.folder / "uploads" / "photo.jpg").read_bytes(), grades(place)


def in_restic(place: Place) -> None:
    fill_postgres(place, postgres(place, 16))
    with_restic(place)


def in_pgbackrest(place: Place) -> None:
    with_pgbackrest(place, 15)


def in_barman(place: Place) -> None:
    with_barman(place, 15)


def whole(place: Place) -> SystemOptions:
    return SystemOptions(confirm="north", rename_aside=True, unproven=True)


@pytest.mark.parametrize(
    ("arrange", "breaks_at"),
    [(in_restic, "folder_made"), (in_pgbackrest, "copy_came_up"), (in_barman, "database_restored")],
    ids=["restic", "pgBackRest", "Barman"],
)
def test_the_whole_system(
    place: Place, arrange: Callable[[Place], None], breaks_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(place)
    place.carry_out(Create())
    place.before_drill()
    query(place, "DELETE FROM grade WHERE id % 2 = 0")
    (place.folder / "uploads" / "photo.jpg").write_bytes(b"scribbled over")
    monkeypatch.setenv(VARIABLE, f"recover.system.{breaks_at}=raise")
    with pytest.raises(InjectedFailure):
        carry_out(place, RecoverSystem(), whole(place))
    monkeypatch.delenv(VARIABLE)
    carry_out(place, RecoverSystem(), whole(place))
    assert standing(place) == SAVED


def test_single_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    in_restic(place)
    uploads = place.folder / "uploads"
    for number in range(7):
        (uploads / f"essay {number}.txt").write_text(f"essay {number}")
    (uploads / "essay 3.txt").chmod(0o600)
    place.carry_out(Create())
    for number in range(1, 7):
        (uploads / f"essay {number}.txt").unlink()
    monkeypatch.setattr(kept_files, "BATCH_FILES", 2)
    carry_out(place, RecoverFiles(), FilesOptions(component="uploads", paths=["essay *.txt"]))
    assert [(uploads / f"essay {number}.txt").read_text() for number in range(7)] == [
        f"essay {number}" for number in range(7)
    ]
    assert (uploads / "essay 3.txt").stat().st_mode & 0o777 == 0o600


def test_single_rows(place: Place) -> None:
    in_restic(place)
    place.carry_out(Create())
    query(place, "DELETE FROM grade WHERE id IN (7, 8)")
    carry_out(place, RecoverRows(), RowsOptions(tables=["public.grade"]))
    assert grades(place) == GRADES


@pytest.mark.parametrize("away", ["moved", "locked"])
def test_a_repository_that_is_away_is_no_answer_and_leaves_no_server_behind(place: Place, away: str) -> None:
    in_restic(place)
    place.carry_out(Create())
    before = standing(place)
    if away == "moved":
        (place.folder / "repository").rename(place.folder / "elsewhere")
    else:
        (place.folder / "password").write_text("another password")
    with pytest.raises(Unreachable) as caught:
        carry_out(place, RecoverRows(), RowsOptions(tables=["public.grade"]))
    assert "another password" not in str(caught.value)
    assert list((place.folder / "home").rglob("postmaster.pid")) == []
    with pytest.raises(Unreachable):
        plan(place, RecoverSystem(), whole(place))
    assert standing(place) == before


def test_rows_that_are_not_those_of_the_set_are_not_brought_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_restic(place)
    place.carry_out(Create())
    query(place, "DELETE FROM grade WHERE id IN (7, 8)")
    honest = ResticLook.fetch_dump

    def forged(look: ResticLook, copy_id: str, into: Path) -> None:
        honest(look, copy_id, into)
        into.write_bytes(into.read_bytes().replace(b"\x007\t7\n", b"\x007\t9\n"))

    monkeypatch.setattr(ResticLook, "fetch_dump", forged)
    with pytest.raises(AssertionError, match=r"public\.grade: what came back is not"):
        carry_out(place, RecoverRows(), RowsOptions(tables=["public.grade"]))
    assert grades(place) == GRADES - 2


def test_a_tool_that_is_not_known_any_more_is_told(place: Place) -> None:
    in_restic(place)
    place.carry_out(Create())
    place.components.pop("restic")
    place.by = {}
    with pytest.raises(AssertionError, match="names no such tool"):
        carry_out(place, RecoverSystem(), whole(place))


def test_what_a_tool_has_lost_is_told_before_the_erp_is_closed(place: Place) -> None:
    in_restic(place)
    place.carry_out(Create())
    shutil.rmtree(place.folder / "repository")
    with_restic(place)
    steps, errors = plan(place, RecoverSystem(), whole(place))
    assert steps == 0
    assert sum("lost it" in says for says in errors) == 2


def test_another_tool_of_the_same_name_is_not_the_one(place: Place) -> None:
    in_restic(place)
    place.carry_out(Create())
    place.components["restic"] = {"kind": "barman", "server": "north", "config": "/etc/barman.conf"}
    place.by = {"files_by": "", "database_by": "restic"}
    steps, errors = plan(place, RecoverSystem(), whole(place))
    assert steps == 0
    assert sum("names no such tool" in says for says in errors) == 2
