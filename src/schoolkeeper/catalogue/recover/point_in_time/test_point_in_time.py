"""A real server, a real archive: what was before a mistake comes back, and a kill loses nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from schoolkeeper.catalogue.backup.test_arrange import apply_elsewhere, codes, findings
from schoolkeeper.catalogue.recover.point_in_time.facts import PointOptions
from schoolkeeper.catalogue.recover.point_in_time.test_arrange import (
    ZONE,
    North,
    beside,
    check_timeline,
    facts_of,
    give,
    only,
    place,
    with_pgbackrest,
)
from schoolkeeper.connectors.engines.pgbackrest.look import PgbackrestLook
from schoolkeeper.connectors.local_time import shown
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.plan import plan_digest
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file

KILLED = -9


@pytest.fixture(scope="module")
def living() -> Iterator[North]:
    with with_pgbackrest() as north:
        yield north


@pytest.fixture
def north(living: North) -> Iterator[North]:
    yield living
    living.tidy()


def to_the_mistake(north: North, key: str = "") -> Subject:
    """In the place of the live database."""
    return north.subject(key, before_transaction=north.morning.xid["mistake"], into="swap")


def refusals(subject: Subject) -> dict[str, str]:
    """Why nothing is done, by rule; and that nothing is."""
    facts = facts_of(subject)
    assert subject.task.plan(facts, subject.options) == ()
    found = findings(subject, facts, Level.ERROR)
    assert {one.code for one in found} <= {"recover.point_in_time.refused"}
    return {one.subject: one.says for one in found}


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, north: North) -> Subject:
        return to_the_mistake(north)


def test_every_transaction_is_on_the_timeline(north: North) -> None:
    check_timeline(north)


def test_in_the_place_of_the_live_one_and_back(north: North) -> None:
    subject = to_the_mistake(north)
    before = facts_of(subject)
    assert before.recovered is not None
    assert before.recovered.later is not None
    later = before.recovered.later
    assert (later.transactions, later.inserted, later.updated, later.deleted) == (7, 3, 25, 25)
    assert codes(findings(subject, before, Level.INFO)) == {
        ("reached", ""),
        ("lost", ""),
        *(("table_differs", f"public.{name}") for name in ("grade", "homework", "old_list", "person")),
    }
    steps = subject.plan()
    assert [step.key for step in steps] == [
        "begin",
        "database:restore",
        "database:compare",
        "database:swap",
        "open",
    ]
    assert f"to just before transaction {north.morning.xid['mistake']}" in steps[0].says
    assert "7 transactions" in steps[0].says
    subject.apply(steps)
    assert north.content == north.morning.content["mistake"]
    after = facts_of(subject)
    assert subject.task.verify(before, after, subject.options) == []
    (evidence,) = subject.task.evidence(after)
    assert (evidence.holds, evidence.data["into"], evidence.data["rows"]) == (True, "swap", 176)
    (left,) = after.left
    with north.server.connect() as connection:
        connection.execute(f'ALTER DATABASE "{left.name}" ALLOW_CONNECTIONS true'.encode())
    assert beside(north, left.name) == north.morning.content["end"], "what came after is kept"
    subject.take_back(steps)
    assert north.content == north.morning.content["end"]
    assert north.databases() == ["school"]


def test_emptied_tables_come_back_beside_the_live_ones(north: North) -> None:
    subject = north.subject(before_transaction=north.morning.xid["emptying"])
    facts = facts_of(subject)
    assert ("few_tables", "") in codes(findings(subject, facts, Level.INFO))
    steps = subject.plan()
    assert [step.key for step in steps] == ["begin", "database:restore", "database:compare", "leave"]
    subject.apply(steps)
    after = facts_of(subject)
    assert north.content == north.morning.content["end"], "the live database is as it was"
    (name,) = (name for name in north.databases() if "_rewound_" in name)
    assert codes(findings(subject, after, Level.INFO)) == {("beside", name)}
    assert subject.task.verify(facts, after, subject.options) == []
    assert beside(north, name) == north.morning.content["emptying"]
    subject.take_back(steps)
    assert north.databases() == ["school"]


def test_a_time_without_a_zone_is_the_schools(north: North) -> None:
    at = north.morning.at["mistake"].astimezone(ZoneInfo(ZONE)).replace(tzinfo=None).isoformat()
    subject = north.subject(before_time=at)
    assert ("zone", "") in codes(findings(subject, subject.assess(), Level.INFO))
    steps = subject.plan()
    assert f"({at} on a clock in {ZONE})" in steps[0].says
    subject.apply(steps)
    (name,) = (name for name in north.databases() if "_rewound_" in name)
    assert beside(north, name) == north.morning.content["mistake"]


def test_a_restore_point(north: North) -> None:
    subject = north.subject(restore_point="exams")
    subject.apply(subject.plan())
    (name,) = (name for name in north.databases() if "_rewound_" in name)
    assert beside(north, name) == north.morning.content["mistake"]


def past(north: North) -> dict[str, object]:
    return {"before_time": "2020-01-01T00:00Z"}


def future(north: North) -> dict[str, object]:
    return {"before_time": shown(datetime.now(UTC) + timedelta(hours=1), ZONE)}


def after_the_archive(north: North) -> dict[str, object]:
    north_is_over = max(one.archived_at for one in north.engine.log()) + timedelta(seconds=2)
    return {"before_time": north_is_over.isoformat()}


def rolled_back(north: North) -> dict[str, object]:
    with psycopg.connect(north.dsn) as connection:
        connection.execute("DELETE FROM grade")
        xid = only(connection.execute("SELECT pg_current_xact_id()::text"))
        connection.rollback()
    north.archive()
    return {"before_transaction": xid}


@pytest.mark.parametrize(
    ("asked", "rule", "says"),
    [
        (lambda north: {}, "moment", "No moment was said"),
        (lambda north: {"latest": True, "restore_point": "exams"}, "moment", "2 moments were said"),
        (past, "copy", "before the oldest copy"),
        (future, "moment", "in the future"),
        (after_the_archive, "moment", "is archived until"),
        (lambda north: {"before_time": "half past two"}, "moment", "is no time"),
        (lambda north: {"before_transaction": "99999999"}, "moment", "has no transaction 99999999"),
        (lambda north: {"before_transaction": "1; DROP"}, "moment", "is no number"),
        (rolled_back, "moment", "was rolled back"),
        (lambda north: {"restore_point": "christmas"}, "moment", "has no restore point christmas"),
        (lambda north: {"latest": True, "copy_id": "20200101-000000F"}, "copy", "no whole copy 20200101-000000F"),
        (lambda north: {**past(north), "copy_id": north.engine.copies()[0].id}, "copy", "after the moment"),
        (lambda north: {"latest": True, "confirm": "south-college"}, "confirm", "'south-college'"),
        (lambda north: {"latest": True, "engine": "database"}, "engine", "no component of pgBackRest or Barman"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    north: North, asked: Callable[[North], dict[str, object]], rule: str, says: str
) -> None:
    options = asked(north)
    subject = north.subject(key=f"refused_{rule}_{len(says)}", **options)
    found = refusals(subject)
    assert says in found[rule]
    assert north.databases() == ["school"]
    assert north.content == north.morning.content["end"]
    assert not list(subject.home.glob("runs/*refused*/point/copy"))


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("2026-10-25T02:30", "twice: write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        ("2026-03-29T02:30", "put forward"),
    ],
)
def test_a_time_that_a_clock_showed_twice_or_never(north: North, time: str, says: str) -> None:
    subject = north.subject(key=f"clock_{len(says)}", before_time=time)
    subject.system = subject.system.model_copy(update={"timezone": "Europe/Berlin"})
    assert says in refusals(subject)["moment"]


def test_a_moment_after_the_last_change_is_not_reached(north: North) -> None:
    """Nothing was committed from then on, so PostgreSQL cannot tell that it has come there."""
    with north.server.connect() as connection:
        now = only(connection.execute("SELECT clock_timestamp()"))
        connection.execute("SELECT pg_create_restore_point('nothing happened')")
    north.archive()
    subject = north.subject(before_time=now.isoformat())
    assert "ends before the moment" in refusals(subject)["moment"]
    assert north.content == north.morning.content["end"]
    assert not list(subject.context().workspace.glob("point/copy"))


def test_another_server_is_refused(north: North, database: str) -> None:
    subject = to_the_mistake(north, key="elsewhere")
    subject.system = north.system(secret_file(north.folder, "elsewhere", database))
    assert "is on the server" in refusals(subject)["identity"]


def test_a_server_with_tablespaces_is_left_alone(north: North) -> None:
    with place() as folder, north.server.connect() as connection:
        connection.execute(f"CREATE TABLESPACE away LOCATION '{give(folder / 'away')}'".encode())
        try:
            assert "could empty them" in refusals(to_the_mistake(north, key="spaces"))["tablespaces"]
        finally:
            connection.execute("DROP TABLESPACE away")


def test_people_may_work_on_until_it_is_approved(north: North) -> None:
    """What they do is counted, and does not make the plan another one."""
    subject = to_the_mistake(north)
    before, planned = facts_of(subject), plan_digest(subject.plan())
    with psycopg.connect(north.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE meanwhile AS SELECT 1 AS one")
        try:
            after = facts_of(subject)
            assert after.digest() == before.digest()
            assert plan_digest(subject.plan()) == planned
            assert after.recovered is not None
            assert after.recovered.differs is not None
            assert "public.meanwhile" in {one.table for one in after.recovered.differs}
        finally:
            connection.execute("DROP TABLE meanwhile")


@pytest.mark.parametrize(
    ("step", "failpoint"),
    [
        ("database:restore", "recover.point_in_time.database_made"),
        ("database:restore", "recover.point_in_time.dumped"),
        ("database:restore", "recover.point_in_time.database_restored"),
        ("database:swap", "recover.system.database_shut"),
        ("database:swap", "recover.system.database_swapped"),
        ("open", "recover.point_in_time.opened"),
    ],
)
@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_kill_9_in_a_step(north: North, step: str, failpoint: str, then: str) -> None:
    subject = to_the_mistake(north)
    steps = subject.plan()
    keys = [one.key for one in steps]
    subject.apply(steps[: keys.index(step)])
    assert apply_elsewhere(subject, steps[keys.index(step)], failpoint) == KILLED
    if then == "goes on":
        resumed = subject.plan()
        assert plan_digest(resumed) == plan_digest(steps), "whoever plans again after the kill gets the same steps"
        subject.apply(resumed)
        assert north.content == north.morning.content["mistake"]
        assert subject.plan() == ()
    else:
        subject.take_back(steps[: keys.index(step) + 1])
        assert north.content == north.morning.content["end"]
        assert north.databases() == ["school"]
    assert not list(subject.context().workspace.glob("point/dump"))


LOOKING = """
import sys
from datetime import datetime
from pathlib import Path
from schoolkeeper.catalogue.recover.point_in_time.facts import PointOptions
from schoolkeeper.catalogue.recover.point_in_time.task import RecoverPointInTime
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.profiles.model import Profile
system, profile, options, key, at, home = sys.argv[1:]
task = RecoverPointInTime()
run = RunContext(key, datetime.fromisoformat(at), datetime.fromisoformat(at), Path(home))
with Look(System.model_validate_json(system), Profile.model_validate_json(profile), run, task.spec) as look:
    task.assess(look, PointOptions.model_validate_json(options))
"""


def test_kill_9_while_it_recovers(north: North) -> None:
    subject = north.subject(key="killed", before_transaction=north.morning.xid["mistake"])
    run = subject.context()
    models = (subject.system, subject.profile, subject.options)
    arguments = [*(model.model_dump_json() for model in models), run.key, run.now.isoformat(), str(run.home)]
    environment = {**os.environ, "SCHOOLKEEPER_FAILPOINT": "recover.point_in_time.recovered=kill"}
    done = subprocess.run([sys.executable, "-c", LOOKING, *arguments], env=environment, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    facts = facts_of(subject)
    assert facts.recovered is not None
    assert facts.recovered.rows == 176


def test_a_copy_that_is_not_there_any_more_is_not_restored(north: North) -> None:
    subject = to_the_mistake(north)
    steps = subject.plan()
    contents = subject.context().workspace / "point" / "contents.json"
    aside = contents.rename(contents.with_suffix(".aside"))
    try:
        with pytest.raises(Permanent, match="plan it again"):
            subject.apply(steps)
    finally:
        aside.rename(contents)
    assert north.databases() == ["school"]


def test_the_log_is_read_without_its_neighbours(north: North) -> None:
    """A segment that is not there is told; and what the options say by default is gentle."""
    assert isinstance(north.engine, PgbackrestLook)
    with pytest.raises(Permanent, match="is not in the archive"):
        north.engine.fetch_log("0000000100000000000000FF", north.folder / "log")
    assert PointOptions().into == "beside"
