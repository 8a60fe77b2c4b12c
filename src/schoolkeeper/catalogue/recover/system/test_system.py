"""What `recover.system` promises: what was saved comes back, what was there is kept, a kill loses nothing."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    codes,
    dump_of,
    findings,
    later,
    read_list,
    reseal_dump,
    reseal_list,
)
from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.recover.test_recovery import a_school, beside, state_of
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_role
from schoolkeeper.connectors.store.manifest import Index, Link
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import content_of, secret_file

KILLED = -9
ANSWERS = {"confirm": "test-college", "rename_aside": True, "unproven": True}


@pytest.fixture
def school(database: str, cluster: Cluster) -> Iterator[School]:
    with a_school(database, cluster) as school:
        yield school


def subject_on(school: School, **answers: object) -> Subject:
    subject = school.subject(RecoverSystem())
    subject.options = SystemOptions.model_validate({**ANSWERS, **answers})
    subject.fingerprint = lambda: state_of(school)
    return subject


def assess(subject: Subject) -> RecoverFacts:
    facts = subject.assess()
    assert isinstance(facts, RecoverFacts)
    return facts


def wreck(school: School) -> None:
    """Lose much: rows, a table, a file, a whole folder."""
    school.query("DELETE FROM grade")
    school.query("DROP VIEW marked")
    school.query("DROP TABLE mark")
    (school.uploads / "photos" / "1.jpg").write_text("overwritten")
    (school.uploads / "later.jpg").write_text("came after the set")
    shutil.rmtree(school.folder / "configuration")


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School) -> Subject:
        back_up(school)
        wreck(school)
        subject = subject_on(school)
        subject.fingerprint = lambda: content_of(school.database)
        return subject


def test_everything_comes_back_and_what_was_there_is_kept(school: School) -> None:
    before = state_of(school)
    set_id = back_up(school)
    wreck(school)
    wrecked = content_of(school.database)
    subject = subject_on(school)
    steps = subject.plan()
    assert [step.key for step in steps] == [
        "begin",
        "database:restore",
        "database:compare",
        "files:uploads:restore",
        "files:configuration:restore",
        "database:swap",
        "files:uploads:swap",
        "files:configuration:swap",
        "open",
    ]
    facts = assess(subject)
    subject.apply(steps)
    after = assess(subject)
    assert state_of(school) == before
    assert subject.plan() == ()
    assert subject.task.verify(facts, after, subject.options) == []
    (evidence,) = subject.task.evidence(after)
    assert (evidence.kind, evidence.holds, evidence.data["set"], evidence.data["differences"]) == (
        "recovery",
        True,
        set_id,
        0,
    )
    left = {one.what: one for one in after.left}
    assert codes(findings(subject, after)) == {("left_aside", one.name) for one in after.left}
    with psycopg.connect(beside(school.database, "postgres"), autocommit=True) as connection:
        name = sql.Identifier(left["database"].name)
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
    assert content_of(beside(school.database, left["database"].name)) == wrecked
    assert (Path(left["folder"].name) / "later.jpg").read_text() == "came after the set"


@pytest.mark.parametrize(
    ("step", "failpoint"),
    [
        ("database:restore", "recover.system.database_made"),
        ("database:restore", "recover.system.dump_fetched"),
        ("database:restore", "recover.system.database_restored"),
        ("files:uploads:restore", "recover.system.folder_made"),
        ("files:uploads:restore", "recover.system.folder_planting"),
        ("files:uploads:restore", "recover.system.folder_restored"),
        ("database:swap", "recover.system.database_shut"),
        ("database:swap", "recover.system.database_swapped"),
        ("files:uploads:swap", "recover.system.folder_aside"),
        ("open", "recover.system.opened"),
    ],
)
@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_kill_9_in_a_step(school: School, step: str, failpoint: str, then: str) -> None:
    saved = state_of(school)
    back_up(school)
    wreck(school)
    wrecked = content_of(school.database)
    subject = subject_on(school)
    steps = subject.plan()
    keys = [one.key for one in steps]
    subject.apply(steps[: keys.index(step)])
    assert apply_elsewhere(subject, steps[keys.index(step)], failpoint) == KILLED
    if then == "goes on":
        resumed = subject.plan()
        assert [one.key for one in resumed] == keys, "whoever plans again after the kill gets the same steps"
        subject.apply(resumed)
        assert state_of(school) == saved
        assert subject.plan() == ()
    else:
        subject.take_back(steps[: keys.index(step) + 1])
        assert content_of(school.database) == wrecked
        assert (school.uploads / "later.jpg").exists()
        assert not (school.folder / "configuration").exists()
        left = assess(subject).left
        assert [one.why for one in left] == (["undone"] * 3 if step == "open" else [])
    assert not list(school.folder.glob("*.restored-*"))
    assert not list(subject.context().workspace.rglob("*.dump"))


def test_whoever_works_in_the_erp_is_sent_away_and_comes_back(school: School) -> None:
    back_up(school)
    subject = subject_on(school)
    with psycopg.connect(school.database, autocommit=True, application_name="erp") as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM grade")
        steps = subject.plan()
        (swap,) = (step for step in steps if step.key == "database:swap")
        assert "end its sessions (now 1 of schoolkeeper)" in swap.says
        subject.apply(steps)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with psycopg.connect(school.database) as connection:
        assert connection.execute("SELECT count(*) FROM grade").fetchone() == (200,)


def test_a_target_that_changed_since_it_was_planned_is_left_alone(school: School) -> None:
    back_up(school)
    subject = subject_on(school)
    steps = subject.plan()
    shutil.rmtree(school.folder / "configuration")
    with pytest.raises(Permanent, match="has changed since this was planned"):
        subject.apply(steps)
    assert findings(subject, subject.assess(), Level.ERROR) == []


def test_exactly_the_rights_that_are_asked_for_are_enough(school: School, cluster: Cluster) -> None:
    """No superuser: who may make databases, and is a member of those who own something."""
    before = state_of(school)
    back_up(school)
    school.query("DELETE FROM grade")
    clerk, tag = f"clerk_{school.database.rpartition('_')[2]}", school.database.rpartition("_")[2]
    with cluster.connect() as connection:
        create_role(connection, clerk, "secret")
        connection.execute(f"ALTER ROLE {clerk} CREATEDB".encode())
        connection.execute(f"GRANT schoolkeeper, registrar_{tag} TO {clerk}".encode())
    subject = subject_on(school)
    dsn = f"postgresql://{clerk}:secret@{school.database.partition('@')[2]}"
    database = subject.system.components["database"].model_copy(
        update={"admin_dsn": secret_file(school.folder, "admin", dsn)}
    )
    components = {**subject.system.components, "database": database}
    subject.system = subject.system.model_copy(update={"components": components})
    steps = subject.plan()
    subject.apply(steps)
    assert state_of(school) == before
    assert subject.plan() == ()
    subject.take_back(steps)
    with psycopg.connect(school.database) as session:
        assert session.execute("SELECT count(*) FROM grade").fetchone() == (0,)
    with cluster.connect() as connection:
        connection.execute(f"DROP OWNED BY {clerk}".encode())
        connection.execute(f"DROP ROLE {clerk}".encode())


def test_what_belongs_to_the_database_as_a_whole(school: School) -> None:
    """Settings come from the set; privileges and limit, which no set has, from the database that is replaced."""
    name = school.database.rpartition("/")[2]
    role = f"registrar_{school.database.rpartition('_')[2]}"
    school.query(f"ALTER DATABASE {name} SET work_mem = '7MB'")
    school.query(f"ALTER DATABASE {name} SET session_preload_libraries = 'plpgsql'")
    back_up(school)
    school.query(f"ALTER DATABASE {name} RESET work_mem")
    school.query(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    school.query(f"ALTER DATABASE {name} OWNER TO {role}")
    school.query(f"GRANT CONNECT ON DATABASE {name} TO schoolkeeper WITH GRANT OPTION")
    school.query(f"ALTER DATABASE {name} CONNECTION LIMIT 70")
    query = "SELECT datacl::text, datdba::regrole::text, datconnlimit FROM pg_database WHERE datname = %s"
    with psycopg.connect(school.database) as connection:
        before = connection.execute(query, [name]).fetchone()
    subject = subject_on(school)
    subject.apply(subject.plan())
    with psycopg.connect(school.database) as connection:
        assert connection.execute(query, [name]).fetchone() == before
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    by_hand = ("by_hand", "setting session_preload_libraries of the database")
    assert by_hand in codes(findings(subject, subject.assess()))


def damaged_row(school: School, set_id: str) -> str:
    dump = dump_of(school, set_id)
    assert dump.count(b"\tGiven77\t") == 1
    reseal_dump(school, set_id, dump.replace(b"\tGiven77\t", b"\tGiven78\t"))
    return "public.person"


def damaged_file(school: School, set_id: str) -> str:
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    (one,) = (file for file in index.files if file.path == "photos/1.jpg")
    (two,) = (file for file in index.files if file.path == "photos/2.jpg")
    files = [one.model_copy(update={"chunks": [two.sha256]}) if file == one else file for file in index.files]
    forged = index.model_copy(update={"files": files})
    reseal_list(school, set_id, "files-uploads.index", forged.model_dump_json().encode())
    return "uploads/photos/1.jpg"


@pytest.mark.parametrize("damage", [damaged_row, damaged_file])
def test_a_damaged_set_replaces_nothing_unless_that_is_accepted(
    school: School, damage: Callable[[School, str], str]
) -> None:
    """Every checksum of the set fits: only the comparison before the swap can tell."""
    before = state_of(school)
    name = damage(school, back_up(school))
    subject = subject_on(school)
    steps = subject.plan()
    with pytest.raises(Permanent, match=f"is not what was saved: {name}"):
        subject.apply(steps)
    assert state_of(school) == before
    subject.take_back(steps)
    subject.options = SystemOptions.model_validate({**ANSWERS, "accept_damage": True})
    facts, steps = subject.assess(), subject.plan()
    subject.apply(steps)
    after = assess(subject)
    assert ("differs", name) in codes(findings(subject, after))
    assert subject.task.verify(facts, after, subject.options) == []
    assert subject.task.evidence(after)[0].data["accepted"] == [name]


def test_a_forged_list_leads_nowhere(school: School) -> None:
    """A link to somewhere else, and a file that would be written through it."""
    set_id = back_up(school)
    index = Index.model_validate_json(read_list(school, set_id, "files-uploads.index"))
    outside = school.folder / "outside"
    outside.mkdir()
    link = Link(path="way", target=str(outside), uid=0, gid=0)
    through = index.files[0].model_copy(update={"path": "way/out"})
    forged = index.model_copy(update={"links": [link], "files": [*index.files, through]})
    reseal_list(school, set_id, "files-uploads.index", forged.model_dump_json().encode())
    subject = subject_on(school)
    steps = subject.plan()
    with pytest.raises(Permanent, match="it was forged"):
        subject.apply(steps)
    subject.take_back(steps)
    assert list(outside.iterdir()) == []


def test_a_second_recovery_keeps_what_the_first_one_kept(school: School) -> None:
    back_up(school)
    for key in ("first", "second"):
        subject = later(subject_on(school), key)
        school.query("DELETE FROM grade")
        subject.apply(subject.plan())
    assert len([one for one in assess(subject).left if one.what == "database"]) == 2
    assert len([one for one in assess(subject).left if one.what == "folder"]) == 4
