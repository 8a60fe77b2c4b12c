"""What `recover.system` promises, for a MariaDB database: see also `test_system.py`."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from schoolkeeper.catalogue.backup.test_arrange import (
    apply_elsewhere,
    back_up,
    codes,
    dump_of,
    findings,
    later,
    reseal_dump,
)
from schoolkeeper.catalogue.recover.system.test_mariadb_school import (
    PROFILE,
    STARTED,
    MariaSchool,
    a_copy,
    a_mariadb_school,
    databases,
    facts_of,
    on,
    refusals,
    signs_in,
    wreck,
)
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.connectors.mariadb.session import connect, query
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.profiles.model import Rehearsal
from schoolkeeper.testing import Conformance, Subject

KILLED = -9


@pytest.fixture
def school(mariadb: str, mariadb_server: MariaServer) -> Iterator[MariaSchool]:
    with a_mariadb_school(mariadb, mariadb_server) as school:
        yield school


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


@pytest.mark.parametrize("keeper", ["sees privileges", "sees none"])
def test_accounts_that_are_missing_are_made_and_cannot_sign_in(school: MariaSchool, keeper: str) -> None:
    own = school.dsn
    school.dsn = school.database if keeper == "sees privileges" else own
    back_up(school, profile=PROFILE)
    school.dsn = own
    saved = school.content()
    school.run("DROP USER 'registrar'@'%'")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    told = codes(findings(subject, subject.assess()))
    assert ("role_made", "registrar@%") in told
    if keeper == "sees privileges":
        assert grants_in(school.content()) == grants_in(saved)
    else:
        assert ("by_hand", "privileges of registrar@%") in told
    subject.take_back(steps)
    assert school.run("SELECT user FROM mysql.user WHERE user = 'registrar'") == []


def grants_in(content: str) -> str:
    """What the account may do, as far as sets know it."""
    found = re.findall(r"Setting\(role='registrar@%'[^)]*\)", content)
    assert len(found) == 2
    return "".join(found)


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


@pytest.mark.parametrize("moment", ["while it is closed", "once it is open"])
def test_a_table_that_somebody_makes_meanwhile_is_not_lost(school: MariaSchool, moment: str) -> None:
    """An account that cannot be locked gets in at any time, and nobody else has what it makes."""
    back_up(school, profile=PROFILE)
    subject = on(school)
    steps = subject.plan()
    keys = [one.key for one in steps]
    done = steps[: keys.index("database:swap") + 1] if moment == "while it is closed" else steps
    subject.apply(done)
    school.run("CREATE TABLE made_by_hand (id INT)", "INSERT INTO made_by_hand VALUES (7)")
    subject.take_back(done)
    (undone,) = (one for one in databases(school) if one.startswith(f"{school.name}_undone_"))
    assert school.run(f"SELECT * FROM `{undone}`.made_by_hand") == [{"id": 7}]


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


@pytest.mark.parametrize("spelled", ["escaped", "a pattern"])
def test_privileges_that_were_given_by_another_spelling_come_back(school: MariaSchool, spelled: str) -> None:
    """As hosters do, because `_` is a wildcard there. A pattern is not given again for all that it fits."""
    who, escaped = f"'teacher_{school.name}'@'%'", school.name.replace("_", "\\_")
    pattern = escaped if spelled == "escaped" else f"{school.name}%"
    school.run(f"CREATE USER {who} IDENTIFIED BY 'secret'", f"GRANT SELECT, INSERT ON `{pattern}`.* TO {who}")
    own, school.dsn = school.dsn, school.database
    back_up(school, profile=PROFILE)
    school.dsn = own
    school.run(f"DROP USER {who}")
    subject = on(school)
    steps = subject.plan()
    subject.apply(steps)
    given = [str(text) for row in school.run(f"SHOW GRANTS FOR {who}") for text in row.values()]
    assert [text for text in given if "SELECT" in text] == [
        f"GRANT SELECT, INSERT ON `{escaped}`.* TO {who.replace(chr(39), '`')}"
    ]
    subject.take_back(steps)
    assert school.run(f"SELECT user FROM mysql.user WHERE user = 'teacher_{school.name}'") == []
