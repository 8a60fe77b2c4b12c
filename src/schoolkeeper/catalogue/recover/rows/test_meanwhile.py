"""When others work on the same rows, or the process dies: nothing is half done, nothing of theirs is lost."""

import threading
from decimal import Decimal

import psycopg
import pytest

from schoolkeeper.catalogue.backup.test_arrange import School, apply_elsewhere
from schoolkeeper.catalogue.recover.rows.test_arrange import (
    ask,
    assess,
    digests,
    recovering,
    school,  # noqa: F401 - a fixture
)
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.plan import Step
from schoolkeeper.testing import Subject

# ruff: noqa: F811
KILLED = -9


@pytest.fixture
def subject(school: School) -> Subject:
    """A run for a class that was deleted; its third step is an enrolment."""
    school.query("DELETE FROM section WHERE id = 2")
    return recovering(school, tables=["public.section"], include_dependents=True)


@pytest.fixture
def changed(school: School) -> Subject:
    """A run for two scores that were changed."""
    school.query("UPDATE score SET points = 7 WHERE id IN (1, 2)")
    return recovering(school, tables=["public.score"], what="changed")


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE score SET points = 8 WHERE id = 2",
        "UPDATE score SET weight = 8 WHERE id = 2",
        "DELETE FROM score WHERE id = 2",
    ],
)
def test_a_row_that_was_changed_after_approval(school: School, changed: Subject, meanwhile: str) -> None:
    steps = changed.plan()
    school.query(meanwhile)
    theirs = digests(school)
    with pytest.raises(Permanent, match=r"A row of public\.score was changed meanwhile"):
        changed.apply(steps)
    assert ask(school, "SELECT points FROM score WHERE id = 1") == [(Decimal("11.10"),)]
    changed.take_back(steps)  # the engine takes the failed step back too
    assert digests(school) == theirs


def test_a_row_that_somebody_entered_again(school: School, subject: Subject) -> None:
    steps = subject.plan()
    school.query("INSERT INTO section (id, title) VALUES (2, 'Another class')")
    theirs = digests(school)
    with pytest.raises(Permanent, match="was changed meanwhile"):
        subject.apply(steps)
    subject.take_back(steps)
    assert digests(school) == theirs


def test_the_very_row_that_somebody_entered_again_is_theirs(school: School, subject: Subject) -> None:
    steps = subject.plan()
    school.query("INSERT INTO section (id, title) VALUES (2, 'Class 2')")
    theirs = digests(school)
    subject.apply(steps)
    assert subject.plan() == ()
    subject.take_back(steps)
    assert digests(school) == theirs


def test_a_unique_value_that_was_taken_after_approval(school: School, subject: Subject) -> None:
    steps = subject.plan()
    school.query("INSERT INTO section (id, title) VALUES (77, 'Class 2')")
    with pytest.raises(Permanent, match=r"^The database refused it \(UniqueViolation: section_title_key\)\.$"):
        subject.apply(steps)


def test_what_was_changed_since_is_not_taken_back(school: School, subject: Subject) -> None:
    steps = subject.plan()
    subject.apply(steps)
    school.query("UPDATE score SET weight = 0.5 WHERE section_id = 2 AND person_id = 4")
    theirs = digests(school)
    with pytest.raises(Permanent, match=r"A row of public\.score was changed since"):
        subject.take_back([step for step in steps if "score" in step.key][6:8])
    assert digests(school) == theirs


def test_what_others_attached_since_is_not_deleted_along(school: School, subject: Subject) -> None:
    """The foreign key would cascade."""
    steps = subject.plan()
    subject.apply(steps[:1])
    school.query("INSERT INTO enrolment VALUES (2, 9)")
    with pytest.raises(Permanent, match=r"1 rows of public\.enrolment refer to a row that was brought back"):
        subject.take_back(steps[:1])
    assert ask(school, "SELECT person_id FROM enrolment WHERE section_id = 2") == [(9,)]


def test_others_work_on(school: School, subject: Subject) -> None:
    """Scores of other classes are entered all the time: none is lost, and the class comes back all the same."""
    steps, stop, entered = subject.plan(), threading.Event(), list[int]()

    def work() -> None:
        with psycopg.connect(school.database, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("UPDATE score SET points = points + 1 WHERE section_id = 1")
                row = connection.execute(
                    "INSERT INTO score (section_id, person_id, points, given_at)"
                    " VALUES (3, 1, 1, now()) RETURNING id"
                ).fetchone()
                assert row is not None
                entered.append(row[0])

    worker = threading.Thread(target=work)
    worker.start()
    try:
        subject.apply(steps)
    finally:
        stop.set()
        worker.join()
    assert subject.plan() == ()
    assert entered
    assert ask(school, "SELECT count(*) FROM score WHERE section_id = 3") == [(12 + len(entered),)]
    assert ask(school, "SELECT count(DISTINCT id) FROM score") == [(36 + len(entered),)]


def test_a_row_that_somebody_holds(school: School, changed: Subject) -> None:
    steps = changed.plan()
    with psycopg.connect(school.database) as other:
        other.execute("SELECT FROM score WHERE id = 1 FOR UPDATE")
        with pytest.raises(Temporary):
            changed.apply(steps)
    changed.apply(steps)
    assert changed.plan() == ()


def test_a_cascade_is_refused(school: School) -> None:
    """Bringing the old title back would change rows of another table that nobody approved."""
    school.query(
        "CREATE TABLE lesson (id int PRIMARY KEY, class text REFERENCES section (title) ON UPDATE CASCADE)"
    )
    school.query("UPDATE section SET title = 'Class One' WHERE id = 1; INSERT INTO lesson VALUES (1, 'Class One')")
    subject = recovering(school, tables=["public.section"], what="changed")
    with pytest.raises(Permanent, match=r"It would change rows of public\.lesson as well"):
        subject.apply(subject.plan())
    assert ask(school, "SELECT class FROM lesson") == [("Class One",)]
    assert ask(school, "SELECT title FROM section WHERE id = 1") == [("Class One",)]


@pytest.mark.parametrize("point", ["recover.rows.written", "recover.rows.noted"])
def test_killed_while_bringing_back(school: School, subject: Subject, point: str) -> None:
    """At each step: it ends in before or after, and the run can go on or be taken back."""
    before, steps = assess(subject).digest(), subject.plan()
    for number, step in enumerate(steps[:4]):
        assert apply_elsewhere(subject, step, point) == KILLED
        assert len(assess(subject).differences) == len(steps) - number
        subject.apply([step])
        assert len(assess(subject).differences) == len(steps) - number - 1
    assert apply_elsewhere(subject, steps[4], point) == KILLED
    subject.take_back(steps[:5])
    assert assess(subject).digest() == before


def test_killed_while_taking_back(school: School, subject: Subject) -> None:
    damaged, steps = digests(school), subject.plan()
    subject.apply(steps)
    for step in reversed(steps):
        backwards = Step(key=step.key, says="", action=step.inverse or step.action)
        if step.key.startswith(("00001", "00002", "00019")):
            assert apply_elsewhere(subject, backwards, "recover.rows.taken_back") == KILLED
        subject.take_back([step])
    assert digests(school) == damaged


def test_on_another_machine_only_the_rows_tell(school: School, subject: Subject) -> None:
    """Without the notes a row is taken back only if it is exactly as it was written."""
    steps = subject.plan()
    section = steps[:1]
    subject.apply(section)
    (subject.context().workspace / "rows" / "written.jsonl").unlink()
    subject.take_back(section)
    assert len(subject.plan()) == len(steps)
    subject.apply(steps)


def test_a_torn_note_belongs_to_nothing(school: School, subject: Subject) -> None:
    before, steps = assess(subject).digest(), subject.plan()
    subject.apply(steps[:2])
    notes = subject.context().workspace / "rows" / "written.jsonl"
    notes.write_bytes(notes.read_bytes() + b'{"step": "00003')
    subject.apply(steps[2:])
    subject.take_back(steps)
    assert assess(subject).digest() == before


def test_what_others_added_to_a_row_of_a_trigger_is_not_taken_along(school: School) -> None:
    """The trigger's own row may go again; an answer to it, which would go with it, is somebody's."""
    for statement in NOTES:
        school.query(statement)
    school.query("DELETE FROM remark WHERE id = 5")
    subject = recovering(school, tables=["public.remark"])
    steps = subject.plan()
    subject.apply(steps)
    school.query("INSERT INTO reply (note_id, says) SELECT id, 'theirs' FROM note")
    with pytest.raises(Permanent, match=r"Rows of public\.reply refer to what a trigger added"):
        subject.take_back(steps)
    assert ask(school, "SELECT says FROM reply") == [("theirs",)]
    school.query("DELETE FROM reply")
    subject.take_back(steps)
    assert ask(school, "SELECT count(*) FROM note") == [(0,)]


NOTES = (
    "CREATE TABLE note (id serial PRIMARY KEY, remark_id integer REFERENCES remark ON DELETE CASCADE)",
    "CREATE TABLE reply (id serial PRIMARY KEY, note_id integer REFERENCES note ON DELETE CASCADE, says text)",
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO note (remark_id) VALUES (NEW.id); RETURN NULL; END $$",
    "CREATE TRIGGER noted AFTER INSERT ON remark FOR EACH ROW EXECUTE FUNCTION noted()",
)
