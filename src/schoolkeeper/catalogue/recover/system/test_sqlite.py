"""What `recover.system` promises, for an SQLite database: see also `test_system.py`."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    codes,
    dump_of,
    findings,
    later,
    manifest_of,
    reseal_dump,
    rewrite_manifest,
)
from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Assertion, Backup, Profile, Rehearsal, Version
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file, system_on
from schoolkeeper.testing.plugin import HOME

KILLED = -9
ANSWERS = {"confirm": "test-college", "rename_aside": True, "unproven": True}
RULE = Assertion(code="marks", title="Nobody is above it", query="SELECT id FROM best WHERE points > 100")
PROFILE = Profile(
    slug="test",
    title="Test ERP",
    version=Version(database="SELECT '1.0' AS version"),
    integrity=[RULE],
    backup=Backup(files=["uploads"]),
)
SCHOOL = """
PRAGMA journal_mode = WAL;
PRAGMA user_version = 7;
CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, given TEXT NOT NULL, points REAL);
CREATE INDEX by_given ON person (given);
CREATE VIEW best AS SELECT * FROM person WHERE points > 3;
CREATE TABLE note (says TEXT);
CREATE TRIGGER noted AFTER INSERT ON person BEGIN INSERT INTO note VALUES ('new: ' || new.given); END;
INSERT INTO person (given, points) VALUES ('Zoë', 4.5), ('Ali', 2), ('Distinct77', 3.5);
"""
WRECK = """
DELETE FROM person;
DROP VIEW best;
DROP TABLE note;
CREATE TABLE later (id INTEGER);
INSERT INTO later VALUES (1);
"""
# Opens the database as an ERP does, and stays.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT 1 FROM sqlite_schema").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


class FileSchool(School):
    """The same around an SQLite database, whose path is `database`."""

    @property
    def path_of_database(self) -> Path:
        return Path(self.database)

    def subject(self, task: AnyTask, profile: Profile = PROFILE, **store: object) -> Subject:
        keeping = {
            "kind": "store",
            "path": str(self.store),
            "recipients": [str(self.identity.to_public())],
            "identity": secret_file(self.folder, "identity", f"# a key\n{self.identity}\n"),
            **store,
        }
        components: dict[str, Any] = {
            "uploads": {"kind": "files", "path": str(self.uploads)},
            "database": {"kind": "sqlite", "path": self.database},
            "backups": keeping,
        }
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return Subject(
            task=task,
            options=task.options(),
            home=home,
            fingerprint=self.content,
            **system_on(
                self.folder,
                components=components,
                unreachable={**components, "backups": {**keeping, "path": "/nonexistent/store"}},
                profile=profile,
            ),
        )

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript(script)

    def content(self) -> str:
        """Everything in it, how it is kept, and whose it is."""
        with closing(sqlite3.connect(self.database)) as connection:
            kept = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "journal_mode")]
            status = self.path_of_database.stat()
            return repr([*connection.iterdump(), *kept, status.st_mode, status.st_uid, status.st_gid])

    def state(self) -> str:
        names = sorted(self.uploads.rglob("*"))
        return self.content() + repr({str(one): one.read_bytes() for one in names if one.is_file()})

    def beside(self) -> list[str]:
        """What lies beside the database."""
        return sorted(one.name for one in self.path_of_database.parent.iterdir())


@pytest.fixture
def school() -> Iterator[FileSchool]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    (folder / "data").mkdir()
    school = FileSchool(folder, str(folder / "data" / "erp.sqlite"), pyrage.x25519.Identity.generate())
    school.run(SCHOOL)
    school.path_of_database.chmod(0o660)
    (school.uploads / "photos").mkdir(parents=True)
    (school.uploads / "photos" / "1.jpg").write_text("one")
    school.store.mkdir()
    yield school
    shutil.rmtree(folder)


def on(school: FileSchool, profile: Profile = PROFILE, **answers: object) -> Subject:
    subject = school.subject(RecoverSystem(), profile)
    subject.options = SystemOptions.model_validate({**ANSWERS, **answers})
    return subject


def facts_of(subject: Subject) -> RecoverFacts:
    facts = subject.assess()
    assert isinstance(facts, RecoverFacts)
    return facts


def refusals(subject: Subject) -> set[str]:
    return {one.subject for one in findings(subject, subject.assess(), Level.ERROR)}


def wreck(school: FileSchool) -> None:
    school.run(WRECK)
    (school.uploads / "later.jpg").write_text("came after the set")


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: FileSchool) -> Subject:
        back_up(school, profile=PROFILE)
        wreck(school)
        return on(school)


def test_everything_comes_back_and_what_was_there_is_kept(school: FileSchool) -> None:
    saved = school.state()
    back_up(school, profile=PROFILE)
    wreck(school)
    wrecked = school.state()
    subject = on(school)
    before, steps = subject.assess(), subject.plan()
    subject.apply(steps)
    after = facts_of(subject)
    assert school.state() == saved
    assert subject.plan() == ()
    assert subject.task.verify(before, after, subject.options) == []
    (evidence,) = subject.task.evidence(after)
    assert (evidence.holds, evidence.data["differences"]) == (True, 0)
    assert codes(findings(subject, after)) == {("left_aside", one.name) for one in after.left}
    aside = FileSchool(school.folder, after.left[0].name, school.identity)
    assert aside.content().replace("'delete'", "'wal'") in wrecked
    subject.take_back(steps)
    assert school.state() == wrecked
    assert [one.why for one in facts_of(subject).left] == ["undone", "undone"]


@pytest.mark.parametrize(
    ("step", "failpoint"),
    [
        ("database:restore", "recover.system.database_made"),
        ("database:restore", "recover.system.dump_fetched"),
        ("database:restore", "recover.system.database_restored"),
        ("database:swap", "recover.system.database_shut"),
        ("database:swap", "recover.system.database_aside"),
        ("database:swap", "recover.system.database_swapped"),
        ("open", "recover.system.opened"),
    ],
)
@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_kill_9_in_a_step(school: FileSchool, step: str, failpoint: str, then: str) -> None:
    saved = school.state()
    back_up(school, profile=PROFILE)
    wreck(school)
    wrecked, there = school.state(), school.beside()
    subject = on(school)
    steps = subject.plan()
    keys = [one.key for one in steps]
    subject.apply(steps[: keys.index(step)])
    assert apply_elsewhere(subject, steps[keys.index(step)], failpoint) == KILLED
    if then == "goes on":
        resumed = subject.plan()
        assert [one.key for one in resumed] == keys
        subject.apply(resumed)
        assert school.state() == saved
        assert subject.plan() == ()
    else:
        subject.take_back(steps[: keys.index(step) + 1])
        assert school.state() == wrecked
        assert school.beside() == there or step == "open"


def test_a_program_that_has_the_file_open(school: FileSchool) -> None:
    """Told before anything is done; and noticed when one comes later, because what it writes would be lost."""
    back_up(school, profile=PROFILE)
    subject = on(school)
    steps = subject.plan()
    before = school.state()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, school.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        assert "in_use" in refusals(on(school))
        with pytest.raises(Temporary, match="still open in 1 of python"):
            subject.apply(steps)
        assert school.path_of_database.stat().st_mode & 0o777 == 0o660
        holder.communicate()
    subject.apply(steps)
    assert school.state() == before


def test_nobody_gets_in_while_it_lasts(school: FileSchool) -> None:
    back_up(school, profile=PROFILE)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:-1])
    assert school.path_of_database.stat().st_mode & 0o777 == 0
    subject.apply(steps)
    assert school.path_of_database.stat().st_mode & 0o777 == 0o660


def test_a_damaged_file_is_put_aside_with_its_log(school: FileSchool) -> None:
    saved = school.state()
    back_up(school, profile=PROFILE)
    school.path_of_database.write_bytes(b"no database at all" * 1000)
    log = Path(f"{school.database}-wal")
    log.write_bytes(b"half a log")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    assert school.state() == saved
    kept = next(one.name for one in facts_of(subject).left if one.what == "database")
    assert Path(f"{kept}-wal").read_bytes() == b"half a log"
    subject.take_back(steps)
    assert (school.path_of_database.read_bytes()[:18], log.read_bytes()) == (b"no database at all", b"half a log")


def test_a_lost_file_comes_back(school: FileSchool) -> None:
    back_up(school, profile=PROFILE)
    school.path_of_database.unlink()
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:-1])
    subject.take_back(steps)
    assert school.beside() == []
    subject.apply(steps)
    with closing(sqlite3.connect(school.database)) as connection:
        assert connection.execute("SELECT count(*) FROM best").fetchone() == (2,)


def test_a_damaged_set_replaces_nothing(school: FileSchool) -> None:
    set_id = back_up(school, profile=PROFILE)
    before = school.state()
    dump = dump_of(school, set_id)
    reseal_dump(school, set_id, dump.replace(b"Distinct77", b"Distinct78"))
    subject = on(school)
    steps = subject.plan()
    with pytest.raises(Permanent, match="is not what was saved: "):
        subject.apply(steps)
    assert school.state() == before
    subject.take_back(steps)


def test_somebody_else_replaced_the_file_meanwhile(school: FileSchool) -> None:
    back_up(school, profile=PROFILE)
    first, second = on(school), later(on(school), "second")
    steps = second.plan()
    keys = [one.key for one in steps]
    second.apply(steps[: keys.index("database:swap")])
    first.apply(first.plan())
    school.run("INSERT INTO person (given) VALUES ('came meanwhile')")
    after = school.content()
    with pytest.raises(Permanent, match="somebody else is at it"):
        second.apply(steps[keys.index("database:swap") :])
    second.take_back(steps)
    assert school.content() == after


def test_what_users_entered_after_the_opening_is_kept_when_it_is_taken_back(school: FileSchool) -> None:
    back_up(school, profile=PROFILE)
    for number in (1, 2):
        subject = on(school)
        steps = subject.plan()
        subject.apply(steps)
        school.run(f"INSERT INTO person (given) VALUES ('came meanwhile {number}')")
        subject.take_back(steps)
    kept = [one for one in facts_of(subject).left if one.what == "database"]
    assert [one.why for one in kept] == ["undone", "undone"]
    for one in kept:
        with closing(sqlite3.connect(one.name)) as connection:
            query = "SELECT count(*) FROM person WHERE given LIKE 'came meanwhile%'"
            assert connection.execute(query).fetchone() == (1,)


def test_a_copy_for_training_acts_in_nobodys_name(school: FileSchool) -> None:
    back_up(school, profile=PROFILE)
    before = school.state()
    rehearsal = {"run": ["erp"], "neutralise": {"sql": ["UPDATE person SET given = 'of the copy'"]}}
    profile = PROFILE.model_copy(update={"rehearsal": Rehearsal.model_validate(rehearsal)})
    subject = on(school, profile, source="test-college", into="training", confirm="training")
    folder = school.folder / "training"
    folder.mkdir()
    components = dict(subject.system.components)
    for name, path in {"database": folder / "erp.sqlite", "uploads": folder / "uploads"}.items():
        components[name] = components[name].model_copy(update={"path": path})
    update = {"slug": "training", "environment": "staging", "components": components}
    subject.system = subject.system.model_copy(update=update)
    subject.apply(subject.plan())
    assert subject.plan() == ()
    assert school.state() == before
    with closing(sqlite3.connect(folder / "erp.sqlite")) as connection:
        assert connection.execute("SELECT DISTINCT given FROM person").fetchall() == [("of the copy",)]


def change_source(school: FileSchool, set_id: str, **changes: object) -> None:
    part = manifest_of(school, set_id).database
    part = part.model_copy(update={"source": part.source.model_copy(update=changes)})
    rewrite_manifest(school, manifest_of(school, set_id).model_copy(update={"database": part}))


def with_path(subject: Subject, path: Path) -> Subject:
    component = subject.system.components["database"].model_copy(update={"path": path})
    components = {**subject.system.components, "database": component}
    subject.system = subject.system.model_copy(update={"components": components})
    return subject


def of_source(**changes: object) -> Callable[[FileSchool, str], Subject]:
    def arrange(school: FileSchool, set_id: str) -> Subject:
        change_source(school, set_id, **changes)
        return on(school)

    return arrange


def a_link(school: FileSchool, set_id: str) -> Subject:
    link = school.folder / "erp.sqlite"
    link.symlink_to(school.database)
    return with_path(on(school), link)


def no_folder(school: FileSchool, set_id: str) -> Subject:
    return with_path(on(school), school.folder / "disk" / "erp.sqlite")


def new_and_not_empty(school: FileSchool, set_id: str) -> Subject:
    change_source(school, set_id, system_identifier="another")
    return on(school, new_server=True)


WRONG: dict[str, tuple[Callable[[FileSchool, str], Subject], str]] = {
    "another slug": (lambda school, set_id: on(school, confirm="north"), "confirm"),
    "not empty": (lambda school, set_id: on(school, rename_aside=False), "database"),
    "another machine": (of_source(system_identifier="another"), "identity"),
    "a machine of unknown identity": (of_source(system_identifier=None), "identity"),
    "another file": (of_source(database="other.sqlite"), "identity"),
    "another machine that is not empty": (new_and_not_empty, "new_server"),
    "another product": (of_source(product="mariadb"), "product"),
    "nobody proved it": (lambda school, set_id: on(school, unproven=False), "proof"),
    "a link": (a_link, "database file"),
    "no folder": (no_folder, "database file"),
}


@pytest.mark.parametrize("way", WRONG)
def test_the_wrong_way_is_refused(school: FileSchool, way: str) -> None:
    arrange, rule = WRONG[way]
    set_id = back_up(school, profile=PROFILE)
    before, there = school.state(), school.beside()
    subject = arrange(school, set_id)
    assert subject.plan() == ()
    assert rule in refusals(subject)
    assert (school.state(), school.beside()) == (before, there)
