"""A school on MariaDB, with one of everything that a recovery can lose."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]

from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    findings,
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
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Assertion, Backup, Profile, Rehearsal, Version
from schoolkeeper.testing import Subject
from schoolkeeper.testing.arrange import secret_file, system_on
from schoolkeeper.testing.plugin import HOME

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


@contextmanager
def a_mariadb_school(mariadb: str, mariadb_server: MariaServer) -> Iterator[MariaSchool]:
    """Removed with everything that recoveries put aside, and its accounts."""
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


def signs_in(school: MariaSchool) -> bool:
    with connect("database", school.dsn) as session:
        return bool(query(session, "SELECT 1 AS one"))


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


def refusals(subject: Subject) -> set[str]:
    return {one.subject for one in findings(subject, subject.assess(), Level.ERROR)}
