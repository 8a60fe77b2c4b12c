"""A school with everything that makes rows hard to bring back, and how a run is carried out on it."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.backup.test_arrange import PROFILE, School, back_up, found_school, later
from schoolkeeper.catalogue.recover.rows.facts import RowsFacts
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.kernel.finding import Level
from schoolkeeper.profiles.model import Assertion, Profile
from schoolkeeper.testing import Subject
from schoolkeeper.testing.plugin import HOME

CLASSES = """
CREATE TABLE section (id serial PRIMARY KEY, title text NOT NULL UNIQUE, leader integer);
CREATE TABLE enrolment (
    section_id integer NOT NULL REFERENCES section ON DELETE CASCADE,
    person_id bigint NOT NULL REFERENCES person,
    average numeric,
    since date NOT NULL DEFAULT '2026-01-01',
    PRIMARY KEY (section_id, person_id)
);
CREATE TABLE score (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    section_id integer NOT NULL, person_id bigint NOT NULL, points office.points NOT NULL, weight double precision,
    given_at timestamptz NOT NULL, notes json, scan bytea, tags text[], took interval, standing office.standing,
    doubled numeric GENERATED ALWAYS AS (points * 2) STORED,
    FOREIGN KEY (section_id, person_id) REFERENCES enrolment ON DELETE CASCADE
);
CREATE TABLE remark (id integer PRIMARY KEY, score_id bigint REFERENCES score ON DELETE SET NULL, says text);
CREATE TABLE member (
    name text PRIMARY KEY, leads text, boss text REFERENCES member DEFERRABLE,
    partner text NOT NULL REFERENCES member
);
CREATE TABLE club (id integer PRIMARY KEY, head text NOT NULL REFERENCES member);
ALTER TABLE member ADD FOREIGN KEY (leads) REFERENCES member;
CREATE TABLE score_log (id serial PRIMARY KEY, section_id integer, person_id bigint, what text,
    FOREIGN KEY (section_id, person_id) REFERENCES enrolment);
CREATE TABLE bell (at time, rings text);
"""
DATA = """
INSERT INTO section (title) SELECT 'Class ' || g FROM generate_series(1, 3) AS g;
INSERT INTO enrolment (section_id, person_id)
SELECT s, p FROM generate_series(1, 3) AS s, generate_series(1, 6) AS p;
INSERT INTO score (section_id, person_id, points, weight, given_at, notes, scan, tags, took, standing)
SELECT s, p, s * 10 + p + n / 10.0, 1 / 3.0::float8, timestamptz '2026-01-05 08:30:00.123456+05',
       '{"a":  1.10, "ü": null}', '\\x00ff10', ARRAY['x y', NULL, 'q"z', ''],
       '1 mon -2 days 03:04:05.678', 'enrolled'
  FROM generate_series(1, 3) AS s, generate_series(1, 6) AS p, generate_series(1, 2) AS n;
INSERT INTO remark SELECT id, id, 'remark; "' || id || '''%s' FROM score WHERE id % 5 = 0;
INSERT INTO member VALUES ('ann', NULL, NULL, 'ann');
WITH one AS (INSERT INTO member VALUES ('bob', NULL, 'ann', 'cleo'))
INSERT INTO member VALUES ('cleo', NULL, 'bob', 'bob');
INSERT INTO member VALUES ('dan', 'cleo', 'cleo', 'dan');
INSERT INTO club VALUES (1, 'bob');
"""
TRIGGER = """
CREATE FUNCTION score_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    IF TG_OP = 'INSERT' THEN r := NEW; ELSE r := OLD; END IF;
    UPDATE enrolment SET average = (SELECT avg(points) FROM score AS s
        WHERE (s.section_id, s.person_id) = (r.section_id, r.person_id))
     WHERE (section_id, person_id) = (r.section_id, r.person_id);
    IF FOUND AND TG_OP <> 'INSERT' THEN
        INSERT INTO score_log (section_id, person_id, what) VALUES (r.section_id, r.person_id, TG_OP);
    END IF;
    RETURN NULL;
END $$
"""
AVERAGES = Assertion(
    code="averages-agree",
    title="Every average is that of the scores",
    query="""SELECT e.person_id FROM enrolment AS e WHERE average IS DISTINCT FROM
      (SELECT avg(points) FROM score AS s WHERE s.section_id = e.section_id AND s.person_id = e.person_id)""",
)
RULES = PROFILE.model_copy(update={"integrity": [AVERAGES]})


def open_school(folder: Path, database: str) -> School:
    """A school with classes, scores, clubs; one good set of it is in the store."""
    school = found_school(folder, database)
    for statement in [*CLASSES.split(";\n"), TRIGGER]:
        if statement.strip():
            school.query(statement)
    school.query(
        "CREATE TRIGGER score_changed AFTER INSERT OR UPDATE OF points OR DELETE ON score"
        " FOR EACH ROW EXECUTE FUNCTION score_changed()"
    )
    for statement in DATA.split(";\n"):
        if statement.strip():
            school.query(statement)
    back_up(school, profile=RULES)
    return school


@pytest.fixture
def school(database: str) -> Iterator[School]:
    """Below a folder that the scratch server's account can get to."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield open_school(folder, database)
    release(folder)


def recovering(school: School, key: str = "first", *, profile: Profile = RULES, **options: object) -> Subject:
    """A run of `recover.rows`."""
    subject = later(school.subject(RecoverRows(), profile), key, hours=2)
    subject.options = RowsOptions.model_validate(options)
    return subject


def assess(subject: Subject) -> RowsFacts:
    facts = subject.assess()
    assert isinstance(facts, RowsFacts)
    return facts


def digests(school: School) -> dict[str, str]:
    """A digest of each table's rows; logs, which only grow, are left out."""
    with psycopg.connect(school.database) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
                " WHERE schemaname IN ('public', 'office') AND tablename <> 'score_log' ORDER BY 1"
            )
        ]
        return {name: _digest(connection, name) for name in tables}


def _digest(connection: psycopg.Connection, table: str) -> str:
    rows = sorted(row[0] for row in connection.execute(f"SELECT t::text FROM {table} AS t".encode()))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def ask(school: School, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(school.database) as connection:
        return connection.execute(query.encode()).fetchall()


def codes_of(subject: Subject, facts: RowsFacts) -> set[tuple[str, str]]:
    """Code without the task's id, and subject, of what is more than a remark."""
    found = subject.task.judge(facts, subject.options)
    return {(one.code.rpartition(".")[2], one.subject) for one in found if one.level > Level.INFO}
