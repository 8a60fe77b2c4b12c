"""What `recover.rows` promises: the chosen rows come back exactly, and nothing else changes."""

import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.test_arrange import PROFILE, School, codes, later
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.catalogue.recover.rows.test_arrange import (
    RULES,
    ask,
    assess,
    codes_of,
    digests,
    open_school,
    recovering,
    school,  # noqa: F401 - a fixture
)
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.kernel.errors import Permanent, Unreachable
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.plugin import HOME

# ruff: noqa: F811


class TestConformance(Conformance):
    """On pupils who were taken out of a class with all that belonged to them, and a wrongly changed score."""

    @pytest.fixture
    def subject(self, school: School) -> Subject:
        school.query("DELETE FROM enrolment WHERE section_id = 2 AND person_id IN (3, 4)")
        school.query("UPDATE score SET points = 1 WHERE id = 1")
        return recovering(
            school, tables=["public.enrolment", "public.score"], what="both", include_dependents=True
        )


def recover(subject: Subject) -> None:
    """Carry it out and hold it to its word."""
    before = assess(subject)
    subject.apply(subject.task.plan(before, subject.options))
    after = assess(subject)
    assert subject.task.plan(after, subject.options) == ()
    assert [one for one in subject.task.verify(before, after, subject.options) if one.level >= Level.ERROR] == []


DAMAGE: dict[str, tuple[list[str], dict[str, Any]]] = {
    "scores of a class": (
        ["DELETE FROM score WHERE section_id = 2"],
        {"tables": ["public.score"], "where": "section_id = 2", "include_dependents": True},
    ),
    "a class with all that belongs to it": (
        ["DELETE FROM section WHERE id = 3"],
        {"tables": ["public.section"], "include_dependents": True},
    ),
    "changed scores": (
        ["UPDATE score SET points = points + 1, notes = NULL, tags = '{}' WHERE id < 9"],
        {"tables": ["public.score"], "what": "changed"},
    ),
    "changed and deleted": (
        ["UPDATE score SET given_at = now() WHERE id = 1", "DELETE FROM score WHERE id IN (2, 5)"],
        {"tables": ["public.score", "public.remark"], "what": "both"},
    ),
    "parents chosen last": (
        ["DELETE FROM section WHERE id = 1"],
        {"tables": ["public.score", "public.enrolment", "public.section", "public.remark"], "what": "both"},
    ),
    "rows that refer to each other": (
        ["DELETE FROM club", "DELETE FROM member WHERE name IN ('bob', 'cleo', 'dan')"],
        {"tables": ["public.member"], "include_dependents": True},
    ),
    "a row that refers to itself": (
        ["DELETE FROM club; DELETE FROM member"],
        {"tables": ["public.member", "public.club"]},
    ),
    "a partitioned table": (
        [
            "ALTER TABLE attendance ADD PRIMARY KEY (person_id, day)",
            "SAVE",
            "DELETE FROM attendance WHERE person_id < 4",
        ],
        {"tables": ["public.attendance"]},
    ),
    "a unique value that moved on": (
        ["UPDATE section SET title = 'x' WHERE id = 3", "UPDATE section SET title = 'Class 3' WHERE id = 2"],
        {"tables": ["public.section"], "what": "changed"},
    ),
    "names with quotes, dots and per cent": (
        [
            'CREATE TABLE office."a.b%""c" ("the %s" text, "k.e%y" text PRIMARY KEY)',
            """INSERT INTO office."a.b%""c" VALUES ('100%', '%s'), ('%(x)s', '%%')""",
            "SAVE",
            """DELETE FROM office."a.b%""c" WHERE "k.e%y" = '%s'""",
            """UPDATE office."a.b%""c" SET "the %s" = NULL""",
        ],
        {"tables": ['office."a.b%""c"'], "what": "both"},
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_all_is_as_it_was(school: School, what: str) -> None:
    statements, options = DAMAGE[what]
    before = digests(school)
    for statement in statements:
        if statement == "SAVE":
            later_set(school)
            before = digests(school)
        else:
            school.query(statement)
    damaged = digests(school)
    assert damaged != before
    subject = recovering(school, **options)
    steps = subject.plan()
    recover(subject)
    assert digests(school) == before
    subject.take_back(steps)
    assert digests(school) == damaged


def later_set(school: School) -> None:
    """Take another set: an hour later, so that it is the newest."""
    subject = later(school.subject(Create(), RULES), "2b7d", hours=1)
    subject.apply(subject.plan())


def test_new_rows_and_new_columns_stay(school: School) -> None:
    school.query("DELETE FROM score WHERE section_id = 1 AND person_id = 1")
    school.query("INSERT INTO enrolment VALUES (1, 7)")
    school.query(
        "INSERT INTO score (section_id, person_id, points, given_at) VALUES (1, 7, 5, '2026-02-01 08:00+00')"
    )
    school.query("ALTER TABLE score ADD rating text DEFAULT 'none'")
    school.query("UPDATE score SET rating = 'good' WHERE id = 10")
    subject = recovering(school, tables=["public.score"], what="both")
    facts = assess(subject)
    assert facts.table("public.score").left == ["doubled (computed by the database)", "rating (not in the set)"]
    recover(subject)
    assert ask(school, "SELECT rating FROM score WHERE id = 10") == [("good",)]
    assert ask(school, "SELECT count(*) FROM score WHERE person_id = 7") == [(1,)]
    assert ask(school, "SELECT DISTINCT rating FROM score WHERE section_id = 1 AND person_id = 1") == [("none",)]


def test_a_number_is_not_given_twice(school: School) -> None:
    school.query("TRUNCATE score RESTART IDENTITY CASCADE")
    recover(recovering(school, tables=["public.score"]))
    school.query("INSERT INTO score (section_id, person_id, points, given_at) VALUES (1, 1, 5, now())")
    assert ask(school, "SELECT max(id) FROM score") == [(37,)]


def test_a_sequence_is_never_set_back(school: School) -> None:
    school.query("SELECT setval('section_id_seq', 900)")
    school.query("DELETE FROM section WHERE id = 3")
    recover(recovering(school, tables=["public.section"]))
    assert ask(school, "SELECT last_value FROM section_id_seq") == [(900,)]


def test_a_stamping_trigger_needs_leave(school: School) -> None:
    """`person` has a trigger that sets seen_at at each change."""
    school.query("UPDATE person SET family = 'Wrong' WHERE id = 9")
    subject = recovering(school, tables=["public.person"], where="id = 9", what="changed")
    with pytest.raises(Permanent, match=r"A trigger of public\.person altered seen_at"):
        subject.apply(subject.plan())
    assert ask(school, "SELECT family FROM person WHERE id = 9") == [("Wrong",)]
    subject = recovering(
        school, "second", tables=["public.person"], where="id = 9", what="changed", leave=["seen_at"]
    )
    assert [step.says for step in subject.plan()] == ["public.person id 9: family Wrong → Family9"]
    recover(subject)
    assert ask(school, "SELECT family FROM person WHERE id = 9") == [("Family9",)]


REFUSED: dict[str, tuple[list[str], str]] = {
    "public.bell": (["SELECT 1"], "it has neither a primary key nor"),
    "public.attendance_2026": (["SELECT 1"], "it is a part of a partitioned table"),
    "office.invoice": (["SELECT 1"], "it has rules"),
    "public.honours": (["SELECT 1"], "it is no table with rows of its own"),
    "public.nothing": (["SELECT 1"], "the database has no such table"),
    "public.younger": (["CREATE TABLE younger (id int PRIMARY KEY)"], "the set has no such table"),
    "public.section": (["ALTER TABLE section ALTER title TYPE varchar(90)"], "its column title was text and is"),
    "public.remark": (["ALTER TABLE remark DROP says"], "its column says is gone"),
    "public.club": (
        ["ALTER TABLE club ADD seats int NOT NULL DEFAULT 1", "ALTER TABLE club ALTER seats DROP DEFAULT"],
        "its new column seats needs a value",
    ),
    "public.score_log": (
        ["ALTER TABLE score_log DROP CONSTRAINT score_log_pkey, ADD extra int PRIMARY KEY DEFAULT 1"],
        "its key (extra) was not the key",
    ),
}


@pytest.mark.parametrize("table", REFUSED)
def test_a_table_that_cannot_be_handled_stops_all(school: School, table: str) -> None:
    statements, why = REFUSED[table]
    for statement in [*statements, "DELETE FROM grade WHERE person_id = 4"]:
        school.query(statement)
    subject = recovering(school, tables=["public.grade", table])
    facts = assess(subject)
    assert why in facts.tables[-1].refused
    assert codes_of(subject, facts) == {("table_refused", table)}
    assert subject.task.plan(facts, subject.options) == ()


def test_rows_that_cannot_come_back_are_told(school: School) -> None:
    school.query("DELETE FROM section WHERE id = 2")
    school.query("INSERT INTO section VALUES (50, 'Class 2')")
    subject = recovering(school, tables=["public.section", "public.enrolment"])
    facts = assess(subject)
    assert codes_of(subject, facts) == {
        ("missing", "public.section"),
        ("missing", "public.enrolment"),
        ("in_the_way", "public.section"),
        ("waiting", "public.enrolment"),
    }
    assert subject.task.plan(facts, subject.options) == ()
    subject = recovering(school, "second", tables=["public.score"])
    facts = assess(subject)
    assert codes_of(subject, facts) == {("missing", "public.score"), ("parent_missing", "public.score")}


def test_rows_that_change_places_are_told(school: School) -> None:
    school.query("UPDATE section SET title = 'x' WHERE id = 1")
    school.query("UPDATE section SET title = 'Class 1' WHERE id = 2")
    school.query("UPDATE section SET title = 'Class 2' WHERE id = 1")
    subject = recovering(school, tables=["public.section"], what="changed")
    facts = assess(subject)
    assert codes_of(subject, facts) == {("changed", "public.section"), ("waiting", "public.section")}
    assert subject.task.plan(facts, subject.options) == ()


def test_too_many(school: School) -> None:
    school.query("DELETE FROM score WHERE section_id = 1")
    for limit, over in ((11, "rows"), (12, "")):
        facts = assess(recovering(school, f"limit-{limit}", tables=["public.score"], row_limit=limit))
        assert (facts.over, len(facts.differences)) == (over, 0 if over else 12)


def test_the_newest_proven_set_and_the_one_named(school: School) -> None:
    first = assess(recovering(school, "one")).set
    school.query("DELETE FROM score WHERE section_id = 1")
    later_set(school)
    subject = recovering(school, "two", tables=["public.score"])
    assert codes(subject.task.judge(assess(subject), subject.options)) == {("nothing_differs", "")}
    named = recovering(school, "three", tables=["public.score"], set=first)
    assert len(assess(named).differences) == 12
    unknown = recovering(school, "four", tables=["public.score"], set="20200101T000000Z-00000000")
    assert codes_of(unknown, assess(unknown)) == {("no_set", "20200101T000000Z-00000000")}


def test_a_run_stays_with_its_set(school: School) -> None:
    """A set that is taken while approval is waited for lacks the rows."""
    school.query("DELETE FROM score WHERE section_id = 1")
    subject = recovering(school, tables=["public.score"])
    before = assess(subject)
    later_set(school)
    assert assess(subject).digest() == before.digest()


def test_a_damaged_set(school: School) -> None:
    for pack in (school.sets / "packs").iterdir():
        pack.write_bytes(pack.read_bytes()[:-1])
    subject = recovering(school, tables=["public.score"])
    assert [code for code, _ in codes_of(subject, assess(subject))] == ["unusable_set"]


def test_without_the_key_nobody_knows(school: School) -> None:
    subject = later(school.subject(RecoverRows(), PROFILE, identity=None), "first")
    subject.options = RowsOptions(tables=["public.score"])
    with pytest.raises(Unreachable, match="identity"):
        subject.assess()


def test_a_broken_rule_takes_the_run_back(school: School) -> None:
    school.query("UPDATE score SET points = 99 WHERE id = 1")
    subject = recovering(school, tables=["public.enrolment"], what="changed")
    before = assess(subject)
    assert before.broken == {}
    subject.apply(subject.task.plan(before, subject.options))
    after = assess(subject)
    assert after.broken == {"averages-agree": 1}
    assert [(one.code, one.level) for one in subject.task.verify(before, after, subject.options)] == [
        ("recover.rows.integrity", Level.ERROR)
    ]


def test_no_value_is_in_a_key_or_an_error(school: School) -> None:
    school.query("DELETE FROM member WHERE name = 'dan'")
    school.query("ALTER TABLE member ADD CHECK (name <> 'dan')")
    subject = recovering(school, tables=["public.member"])
    (step,) = subject.plan()
    assert "dan" in step.says
    assert "dan" not in step.key
    with pytest.raises(Permanent, match=r"^The database refused it \(CheckViolation: member_name_check\)\.$"):
        subject.apply([step])


def test_a_role_that_may_not_write(school: School) -> None:
    school.query("CREATE ROLE reader_only LOGIN PASSWORD 'x'")
    try:
        school.query(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_only; GRANT UPDATE ON score TO reader_only"
        )
        subject = recovering(school, tables=["public.score"])
        address = psycopg.conninfo.make_conninfo(school.database, user="reader_only", password="x")
        (school.folder / "dsn").write_text(address)
        facts = assess(subject)
        assert facts.tables[0].refused == "the role may not INSERT, DELETE"
    finally:
        school.query("DROP OWNED BY reader_only; DROP ROLE reader_only")


@pytest.mark.parametrize("major", [15, 18])
def test_other_versions_of_the_server(major: int) -> None:
    """The oldest and the newest that can be had here; all other tests are on 16."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    with Cluster(folder / "server", find(major), settings=SCRATCH_SETTINGS) as cluster:
        with cluster.connect() as connection:
            create_database(connection, "test_school")
        school = open_school(folder, cluster.dsn("test_school"))
        before = digests(school)
        school.query("DELETE FROM section WHERE id = 1")
        school.query("UPDATE score SET points = 1, tags = NULL WHERE id = 2")
        damaged = digests(school)
        subject = recovering(
            school, tables=["public.section", "public.score"], what="both", include_dependents=True
        )
        steps = subject.plan()
        recover(subject)
        assert digests(school) == before
        subject.take_back(steps)
        assert digests(school) == damaged
    release(folder)
