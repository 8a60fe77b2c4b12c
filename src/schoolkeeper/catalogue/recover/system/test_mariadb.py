"""What `recover.system` promises, for a MariaDB database: see also `test_system.py`."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    carry_out,
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
from schoolkeeper.connectors.mariadb import accounts, code
from schoolkeeper.connectors.mariadb.address import parsed
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import connect, query, quoted
from schoolkeeper.connectors.mariadb.snapshot import View, survey
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Assertion, Backup, Profile, Rehearsal, Version
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file, system_on
from schoolkeeper.testing.plugin import HOME

KILLED = -9
ANSWERS = {"confirm": "test-college", "rename_aside": True, "unproven": True}
NOWHERE = "mysql://nobody:nothing@127.0.0.1:1/nowhere"
# Rules that need what is made last: a view, and a function in it.
RULE = Assertion(code="mean", title="Nobody is above it", query="SELECT * FROM transcript WHERE mean > 100")
PROFILE = Profile(
    slug="test",
    title="Test ERP",
    version=Version(database="SELECT '1.0' AS version"),
    integrity=[RULE],
    backup=Backup(files=["uploads"]),
)
STARTED = PROFILE.model_copy(update={"rehearsal": Rehearsal(run=["erp"])})
SCHOOL = (
    """CREATE TABLE student (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(120) NOT NULL, note TEXT,
       KEY by_name (name(20)), FULLTEXT KEY in_note (note)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4""",
    """CREATE TABLE grade (id BIGINT AUTO_INCREMENT PRIMARY KEY, student_id INT UNSIGNED NOT NULL,
       points DECIMAL(5,2) CHECK (points >= 0), doubled DECIMAL(6,2) AS (points * 2) STORED,
       CONSTRAINT of_student FOREIGN KEY (student_id) REFERENCES student (id) ON DELETE CASCADE)
       ENGINE=InnoDB DEFAULT CHARSET=utf8mb4""",
    "CREATE TABLE old_report (id INT PRIMARY KEY, body TEXT) ENGINE=MyISAM DEFAULT CHARSET=latin1",
    "CREATE TABLE `weird ``name.x` (`select` INT, `a;b` TEXT) DEFAULT CHARSET=cp1251",
    """CREATE TABLE part (id INT, d DATE NOT NULL) PARTITION BY RANGE (YEAR(d))
       (PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE)""",
    "CREATE TABLE past (id INT) WITH SYSTEM VERSIONING",
    "CREATE SEQUENCE receipt START WITH 100 INCREMENT BY 5",
    "CREATE TABLE invoice (id BIGINT PRIMARY KEY DEFAULT NEXTVAL(receipt), amount INT)",
    "CREATE TABLE log_entry (id INT AUTO_INCREMENT PRIMARY KEY, says TEXT) DEFAULT CHARSET=utf8mb4",
    """CREATE FUNCTION mean_of(who INT UNSIGNED) RETURNS DECIMAL(8,4) READS SQL DATA COMMENT 'für die 🎓'
       RETURN (SELECT AVG(points) FROM grade WHERE student_id = who)""",
    """CREATE DEFINER='registrar'@'%' PROCEDURE award(IN who INT UNSIGNED, IN how_many DECIMAL(5,2))
       BEGIN
       -- Dumping routines for database 'nobody'
       INSERT INTO grade (student_id, points) VALUES (who, how_many); /* with a ; and a ' */
       END""",
    """CREATE TRIGGER noted AFTER INSERT ON grade FOR EACH ROW
       INSERT INTO log_entry (says) VALUES (CONCAT('grade ', NEW.id, ' für 🎓'))""",
    "CREATE TRIGGER noted_too AFTER INSERT ON grade FOR EACH ROW FOLLOWS noted SET @last = NEW.id",
    "CREATE TRIGGER `no ``negative` BEFORE INSERT ON invoice FOR EACH ROW SET NEW.amount = ABS(NEW.amount)",
    """CREATE DEFINER='registrar'@'%' SQL SECURITY DEFINER VIEW transcript AS
       SELECT s.name, g.points, mean_of(s.id) AS mean FROM student AS s JOIN grade AS g ON g.student_id = s.id""",
    "CREATE VIEW best AS SELECT * FROM transcript WHERE points > 50",
    "CREATE VIEW a_best AS SELECT name FROM best",
    """CREATE DEFINER='registrar'@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00'
       DO INSERT INTO log_entry (says) VALUES ('it ran')""",
    "CREATE EVENT asleep ON SCHEDULE EVERY 1 HOUR DISABLE DO DELETE FROM log_entry",
    """INSERT INTO student (name, note) VALUES ('Ulugʻbek', NULL),
       ('Zoë 🎒', 'a\\\\b''c\\r\\n-- Table structure for')""",
    "INSERT INTO grade (student_id, points) VALUES (1, 4.50), (2, 0), (2, 99.99)",
    "INSERT INTO old_report VALUES (1, 'Müller €')",
    "INSERT INTO `weird ``name.x` VALUES (1, 'Привет')",
    "INSERT INTO part VALUES (1, '2025-01-01'), (2, '2026-01-01')",
    "INSERT INTO past VALUES (1), (2)",
    "DELETE FROM past WHERE id = 1",
    "INSERT INTO invoice (amount) VALUES (7), (8)",
)  # fmt: skip
WRECK = (
    "DELETE FROM grade", "DROP VIEW best", "DROP VIEW a_best", "DROP TABLE old_report", "DROP TRIGGER noted",
    "DROP PROCEDURE award",
    "CREATE TABLE later (id INT)", "INSERT INTO later VALUES (1)", "CREATE VIEW ours AS SELECT * FROM later",
    "CREATE VIEW all_ours AS SELECT * FROM ours",
    "CREATE TRIGGER later_too BEFORE INSERT ON later FOR EACH ROW SET NEW.id = 2", "DROP EVENT nightly",
    "CREATE EVENT late ON SCHEDULE EVERY 3 HOUR DO DELETE FROM later",
    "CREATE PROCEDURE later_still() SELECT 1",
)  # fmt: skip


class MariaSchool(School):
    """The same around a MariaDB database; `dsn` is the ERP's own address, `database` an administrator's."""

    dsn = ""

    @property
    def name(self) -> str:
        return self.database.rpartition("/")[2]

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
            "database": {
                "kind": "mariadb",
                "dsn": secret_file(self.folder, "dsn", self.dsn or self.database),
                "admin_dsn": secret_file(self.folder, "admin", self.database),
            },
            "backups": keeping,
        }
        gone = {"kind": "mariadb", "dsn": secret_file(self.folder, "nowhere", NOWHERE)}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        home.chmod(0o711)
        return Subject(
            task=task,
            options=task.options(),
            home=home,
            fingerprint=self.content,
            **system_on(
                self.folder,
                components=components,
                unreachable={**components, "database": gone},
                profile=profile,
            ),
        )

    def run(self, *statements: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        with connect("database", self.database, {"sql_mode": "", "time_zone": "+05:00"}, patient=True) as session:
            for statement in statements:
                rows = query(session, statement)
        return rows

    def content(self) -> str:
        """Every row, every definition as its author wrote it, every counter, and the privileges on all of it."""
        with closing(View("database", parsed(self.database))) as view:
            tables = survey([view], view.tables(history=True))
            found = [tables, view.objects(), view.sequences(), accounts.read(view)]
        with connect("database", self.database, patient=True) as session:
            found.append(sorted(code.read(session), key=lambda one: (one.kind, one.name)))
        on_routines = self.run(
            "SELECT user, host, routine_name, routine_type, proc_priv FROM mysql.procs_priv"
            f" WHERE db = '{self.name}' AND user NOT LIKE 'schoolkeeper%' ORDER BY 1, 2, 3"
        )
        return repr([*found, on_routines])

    def state(self) -> str:
        names = sorted(self.uploads.rglob("*"))
        return self.content() + repr({str(one): one.read_bytes() for one in names if one.is_file()})


@pytest.fixture
def school(mariadb: str, mariadb_server: MariaServer) -> Iterator[MariaSchool]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    school = MariaSchool(folder, mariadb, pyrage.x25519.Identity.generate())
    erp = f"erp_{school.name.rpartition('_')[2]}"
    school.dsn = mariadb_server.address(school.name, erp, "secret").url()
    school.run(
        "CREATE USER IF NOT EXISTS 'registrar'@'%' IDENTIFIED BY 'secret'",
        f"CREATE USER {erp}@'%' IDENTIFIED BY 'secret'",
        f"GRANT ALL ON `{school.name}`.* TO {erp}@'%'",
        f"GRANT SELECT ON mysql.proc TO {erp}@'%'",
        *SCHOOL[:10],
        f"GRANT SELECT ON `{school.name}`.student TO 'registrar'@'%'",
        f"GRANT SELECT ON `{school.name}`.grade TO 'registrar'@'%'",
        f"GRANT EXECUTE ON FUNCTION `{school.name}`.mean_of TO 'registrar'@'%'",
        *SCHOOL[10:],
    )
    (school.uploads / "photos").mkdir(parents=True)
    (school.uploads / "photos" / "1.jpg").write_text("one")
    school.store.mkdir()
    yield school
    shutil.rmtree(folder)
    with mariadb_server.connect() as connection:
        for row in query(connection, "SHOW DATABASES"):
            if str(row["database"]).startswith(f"{school.name}_"):
                query(connection, f"DROP DATABASE {quoted(str(row['database']))}")
        for account in (f"{erp}@'%'", "'registrar'@'%'"):
            query(connection, f"DROP USER IF EXISTS {account}")


def on(school: MariaSchool, profile: Profile = STARTED, **answers: object) -> Subject:
    subject = school.subject(RecoverSystem(), profile)
    subject.options = SystemOptions.model_validate({**ANSWERS, **answers})
    return subject


def facts_of(subject: Subject) -> RecoverFacts:
    facts = subject.assess()
    assert isinstance(facts, RecoverFacts)
    return facts


def databases(school: MariaSchool) -> list[str]:
    return [str(row["database"]) for row in school.run("SHOW DATABASES")]


def wreck(school: MariaSchool) -> None:
    school.run(*WRECK)
    (school.uploads / "later.jpg").write_text("came after the set")


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: MariaSchool) -> Subject:
        back_up(school, profile=PROFILE)
        wreck(school)
        return on(school)


def test_everything_comes_back_and_what_was_there_is_kept(school: MariaSchool) -> None:
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
    told = codes(findings(subject, after))
    assert told >= {("left_aside", one.name) for one in after.left}
    assert ("by_hand", "event_scheduler") in told
    assert {code for code, _ in told} == {"left_aside", "by_hand"}
    subject.take_back(steps)
    assert school.state() == wrecked
    assert [one.why for one in facts_of(subject).left] == ["undone", "undone"]


POINTS = [
    ("database:restore", "recover.system.database_made"),
    ("database:restore", "recover.system.dump_fetched"),
    ("database:restore", "recover.system.tables_loaded"),
    ("database:restore", "recover.system.database_restored"),
    ("database:swap", "recover.system.database_shut"),
    ("database:swap", "recover.system.code_dropped"),
    ("database:swap", "recover.system.database_swapped"),
    ("database:swap", "recover.system.code_loaded"),
    ("open", "recover.system.opened"),
]


@pytest.mark.parametrize(("step", "failpoint"), POINTS)
@pytest.mark.parametrize("then", ["goes on", "is taken back"])
def test_kill_9_in_a_step(school: MariaSchool, step: str, failpoint: str, then: str) -> None:
    saved = school.state()
    back_up(school, profile=PROFILE)
    wreck(school)
    wrecked = school.state()
    there = databases(school)
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
        assert (databases(school) == there) or step == "open"
    assert signs_in(school)


def signs_in(school: MariaSchool) -> bool:
    with connect("database", school.dsn) as session:
        return bool(query(session, "SELECT 1 AS one"))


@pytest.mark.parametrize("failpoint", ["database_shut", "database_swapped_back"])
def test_kill_9_on_the_way_back(school: MariaSchool, failpoint: str) -> None:
    back_up(school, profile=PROFILE)
    wreck(school)
    wrecked = school.state()
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    (swap,) = (one for one in steps if one.key == "database:swap")
    assert swap.inverse is not None
    subject.take_back(steps[steps.index(swap) + 1 :])
    inverse = replace(swap, action=swap.inverse)
    assert apply_elsewhere(subject, inverse, f"recover.system.{failpoint}") == KILLED
    subject.take_back(steps)
    assert school.state() == wrecked
    assert signs_in(school)


def test_whoever_works_in_the_erp_is_sent_away_and_kept_out(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    subject = on(school)
    steps = subject.plan()
    with connect("database", school.dsn) as session:
        subject.apply(steps[:-1])
        with pytest.raises(Exception, match=r"Lost|gone|server"):
            query(session, "SELECT 1 AS one")
    with pytest.raises(Exception, match="locked"):
        signs_in(school)
    subject.apply(steps)
    assert signs_in(school)


def test_an_account_that_others_depend_on_is_not_locked(school: MariaSchool) -> None:
    erp = school.dsn.partition("//")[2].partition(":")[0]
    school.run("CREATE DATABASE IF NOT EXISTS another_erp", f"GRANT SELECT ON another_erp.* TO {erp}@'%'")
    back_up(school, profile=PROFILE)
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:-1])
    assert signs_in(school)
    subject.apply(steps)
    assert ("let_in", f"{erp}@%") in codes(findings(subject, subject.assess()))
    school.run("DROP DATABASE another_erp")


def test_a_damaged_set_replaces_nothing(school: MariaSchool) -> None:
    set_id = back_up(school, profile=PROFILE)
    before = school.state()
    dump = dump_of(school, set_id)
    assert dump.count(b"99.99") == 1
    reseal_dump(school, set_id, dump.replace(b"99.99", b"99.98"))
    subject = on(school)
    steps = subject.plan()
    with pytest.raises(Permanent, match="is not what was saved: grade"):
        subject.apply(steps)
    assert school.state() == before
    subject.take_back(steps)


def test_damaged_code_is_found_in_its_place_and_taken_back(school: MariaSchool) -> None:
    """Only there it can be compared; nobody was let in."""
    set_id = back_up(school, profile=PROFILE)
    before = school.state()
    dump = dump_of(school, set_id)
    reseal_dump(school, set_id, dump.replace(b"with a ; and a '", b"with a ; and no '"))
    subject = on(school)
    steps = subject.plan()
    with pytest.raises(Permanent, match=r"is not what was saved: routine PROCEDURE.award"):
        subject.apply(steps)
    with pytest.raises(Exception, match="locked"):
        signs_in(school)
    subject.take_back(steps)
    assert school.state() == before
    assert signs_in(school)


def test_a_lost_database_comes_back(school: MariaSchool) -> None:
    """Even the sequence is gone that a table takes its numbers from. Privileges on routines are in no set."""
    saved = school.state()
    back_up(school, profile=PROFILE)
    school.run(f"DROP DATABASE `{school.name}`")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:-1])
    subject.take_back(steps)
    with connect("database", school.database.rpartition("/")[0] + "/mysql") as session:
        names = [str(row["database"]) for row in query(session, "SHOW DATABASES")]
    assert [name for name in names if name.startswith(school.name)] == []
    subject.apply(steps)
    assert ("by_hand", "privileges on routines") in codes(findings(subject, subject.assess()))
    school.run(f"GRANT EXECUTE ON FUNCTION `{school.name}`.mean_of TO 'registrar'@'%'")
    assert school.state() == saved


def test_accounts_that_are_missing_are_made_and_cannot_sign_in(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    saved = school.content()
    school.run("DROP USER 'registrar'@'%'")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    assert ("role_made", "registrar@%") in codes(findings(subject, subject.assess()))
    assert eval_settings(school.content()) == eval_settings(saved)
    subject.take_back(steps)
    assert school.run("SELECT user FROM mysql.user WHERE user = 'registrar'") == []


def eval_settings(content: str) -> str:
    return "".join(re.findall(r"Setting\\([^)]*\\)", content))


def test_the_way_back_that_lies_beside_works_for_people(school: MariaSchool) -> None:
    """Days later, with the `mariadb` program alone."""
    back_up(school, profile=PROFILE)
    wreck(school)
    wrecked = school.content()
    subject = on(school)
    subject.apply(subject.plan())
    (aside,) = (one.name for one in facts_of(subject).left if one.what == "database")
    lines = school.run(f"SELECT line FROM `{aside}`.schoolkeeper_script ORDER BY id")
    script = "\n".join(str(row["line"]) for row in lines)
    address = school.database.partition("//")[2]
    login, _, place = address.rpartition("@")
    user, _, password = login.partition(":")
    port = place.partition(":")[2].partition("/")[0]
    done = subprocess.run(
        ["mariadb", f"-u{user}", "-h127.0.0.1", f"-P{port}", "--default-character-set=utf8mb4"],
        input=script,
        env={"MYSQL_PWD": password, "PATH": "/usr/bin:/bin"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stderr == ""
    assert school.content() == wrecked


def test_a_view_that_was_broken_before_is_kept_as_text(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    school.run("CREATE VIEW broken AS SELECT * FROM old_report", "DROP TABLE old_report")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps[:-1])
    subject.take_back(steps)
    (left,) = (one for one in facts_of(subject).left if one.what == "database")
    text = school.run(f"SELECT line FROM `{left.name}`.schoolkeeper_script")
    assert any("VIEW `broken`" in str(row["line"]) for row in text)


def test_somebody_else_replaced_the_database_meanwhile(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    first, second = on(school), later(on(school), "second")
    steps = second.plan()
    keys = [one.key for one in steps]
    second.apply(steps[: keys.index("database:swap")])
    first.apply(first.plan())
    school.run("INSERT INTO student (name) VALUES ('came meanwhile')")
    with pytest.raises(Permanent, match="somebody else is at it"):
        second.apply(steps[keys.index("database:swap") :])
    second.take_back(steps)
    assert len(school.run("SELECT * FROM student WHERE name = 'came meanwhile'")) == 1
    assert signs_in(school)


def a_copy(school: MariaSchool, profile: Profile = STARTED) -> Subject:
    """A system for training beside the source, with a database of its own."""
    name = f"{school.name}_training"
    school.run(f"CREATE DATABASE `{name}`")
    subject = on(school, profile, source="test-college", into="training", confirm="training")
    dsn = secret_file(school.folder, "training-dsn", school.database.replace(school.name, name))
    folder = school.folder / "training"
    folder.mkdir()
    components = {
        **subject.system.components,
        "database": MariadbComponent(kind="mariadb", dsn=dsn),
        "uploads": subject.system.components["uploads"].model_copy(update={"path": folder / "uploads"}),
    }
    update = {"slug": "training", "environment": "staging", "components": components}
    subject.system = subject.system.model_copy(update=update)
    return subject


def test_a_copy_for_training_acts_in_nobodys_name(school: MariaSchool) -> None:
    school.run(
        "ALTER TABLE invoice ALTER id DROP DEFAULT", "DROP VIEW a_best", "DROP VIEW best", "DROP VIEW transcript"
    )
    back_up(school, profile=PROFILE)
    before = school.state()
    rehearsal = {"run": ["erp"], "neutralise": {"sql": ["UPDATE student SET note = 'of the copy'"]}}
    profile = STARTED.model_copy(update={"rehearsal": Rehearsal.model_validate(rehearsal), "integrity": []})
    subject = a_copy(school, profile)
    subject.apply(subject.plan())
    assert subject.plan() == ()
    assert school.state() == before
    training = f"`{school.name}_training`"
    notes = school.run(f"SELECT DISTINCT note FROM {training}.student")
    assert [row["note"] for row in notes] == ["of the copy"]
    assert school.run(f"SHOW EVENTS FROM {training}") == []
    assert ("by_hand", "event nightly") in codes(findings(subject, subject.assess()))


def test_code_that_calls_its_database_by_name_does_not_go_elsewhere(school: MariaSchool) -> None:
    school.run(f"CREATE TRIGGER far BEFORE DELETE ON past FOR EACH ROW DELETE FROM {school.name}.log_entry")
    back_up(school, profile=PROFILE)
    assert "name" in refusals(a_copy(school))


def test_a_foreign_key_of_another_database_is_in_the_way(school: MariaSchool) -> None:
    """It would follow the old tables to where they are put aside."""
    back_up(school, profile=PROFILE)
    other = f"{school.name}_other"
    school.run(
        f"CREATE DATABASE `{other}`",
        f"CREATE TABLE `{other}`.seat (student_id INT UNSIGNED, FOREIGN KEY (student_id)"
        f" REFERENCES `{school.name}`.student (id))",
    )
    assert "references" in refusals(on(school))
    school.run(f"DROP DATABASE `{other}`")


def refusals(subject: Subject) -> set[str]:
    return {one.subject for one in findings(subject, subject.assess(), Level.ERROR)}


def change_source(school: MariaSchool, set_id: str, **changes: object) -> None:
    part = manifest_of(school, set_id).database
    part = part.model_copy(update={"source": part.source.model_copy(update=changes)})
    rewrite_manifest(school, manifest_of(school, set_id).model_copy(update={"database": part}))


WRONG: dict[str, tuple[Callable[[MariaSchool, str], object], dict[str, Any], str]] = {
    "another slug": (lambda school, set_id: None, {"confirm": "north"}, "confirm"),
    "not empty": (lambda school, set_id: None, {"rename_aside": False}, "database"),
    "another server": (
        lambda school, set_id: change_source(school, set_id, system_identifier="another"),
        {},
        "identity",
    ),
    "a server of unknown identity": (
        lambda school, set_id: change_source(school, set_id, system_identifier=None),
        {},
        "identity",
    ),
    "another database": (lambda school, set_id: change_source(school, set_id, database="erp"), {}, "identity"),
    "a new server that is not empty": (
        lambda school, set_id: change_source(school, set_id, system_identifier="another"),
        {"new_server": True},
        "new_server",
    ),
    "another product": (lambda school, set_id: change_source(school, set_id, product="postgres"), {}, "product"),
    "a newer release": (
        lambda school, set_id: change_source(school, set_id, server_version="99.1.2"),
        {},
        "version",
    ),
    "nobody proved it": (lambda school, set_id: None, {"unproven": False}, "proof"),
}


@pytest.mark.parametrize("way", WRONG)
def test_the_wrong_way_is_refused(school: MariaSchool, way: str) -> None:
    arrange, answers, rule = WRONG[way]
    arrange(school, back_up(school, profile=PROFILE))
    before, there = school.state(), databases(school)
    subject = on(school, **answers)
    assert subject.plan() == ()
    assert rule in refusals(subject)
    assert (school.state(), databases(school)) == (before, there)


def test_an_account_without_the_rights(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    subject = on(school)
    own = MariadbComponent(kind="mariadb", dsn=secret_file(school.folder, "dsn", school.dsn))
    components = {**subject.system.components, "database": own}
    subject.system = subject.system.model_copy(update={"components": components})
    assert "rights" in refusals(subject)


def test_a_database_that_another_system_is_backed_up_from(school: MariaSchool) -> None:
    neighbour = school.subject(Create())
    neighbour.system = neighbour.system.model_copy(update={"slug": "south-college"})
    carry_out(neighbour)
    change_source(school, back_up(school, profile=PROFILE), system_identifier="another")
    assert "shared" in refusals(on(school, new_server=True))


def test_a_proven_set_needs_no_excuse(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    drilled = school.subject(Drill())
    assert findings(drilled, carry_out(drilled), Level.ERROR) == []
    subject = on(school, unproven=False)
    assert refusals(subject) == set()
    assert subject.plan()
