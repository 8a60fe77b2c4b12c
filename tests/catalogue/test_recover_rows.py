"""`recover.rows` on the Smart Education ERP itself: the grades of a section, with its triggers and its pages."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper import profiles
from schoolkeeper.catalogue.backup.test_arrange import School, back_up, later
from schoolkeeper.catalogue.recover.rows.facts import RowsFacts
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.scratch_servers import release
from schoolkeeper.testing import Subject
from schoolkeeper.testing.plugin import HOME
from schoolkeeper.testing.ports import own_port
from tests.smart_erp.erp import Erp

PROFILE = profiles.load("smart-education-erp")
OF_THE_SECTION = "assignment_id IN (SELECT id FROM assignment WHERE section_id = 2)"
# What grows with each change, and what belongs to people who are signed in.
OTHERS = {"grade_change", "django_session", "auth_user", "cache_entry"}


@pytest.fixture(scope="module")
def erp(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """A filled ERP that serves its pages."""
    with cluster.connect() as connection:
        create_database(connection, "erp_rows")
    erp = Erp(
        database_url=cluster.dsn("erp_rows"), home=tmp_path_factory.mktemp("home"), release="1.1", port=own_port()
    )
    erp.run("migrate")
    erp.run("fill", "--size", "small", "--seed", "7")
    with erp.serving():
        yield erp
    with cluster.connect() as connection:
        connection.execute("DROP DATABASE erp_rows WITH (FORCE)")


@pytest.fixture
def school(erp: Erp) -> Iterator[School]:
    """The ERP in care, with one set in the store."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    for name in ("uploads", "configuration", "store"):
        (folder / name).mkdir()
    school = School(folder, erp.database_url, pyrage.x25519.Identity.generate())
    back_up(school, profile=PROFILE)
    yield school
    release(folder)


def recovering(school: School, key: str, **options: object) -> Subject:
    subject = later(school.subject(RecoverRows(), PROFILE), key)
    subject.options = RowsOptions.model_validate(options)
    return subject


def digests(erp: Erp) -> dict[str, str]:
    return {table: digest for table, digest in erp.digests().items() if table not in OTHERS}


def transcripts(erp: Erp) -> list[str]:
    """What the pages say about the section and the students in it."""
    pupils = [row[0] for row in erp.sql("SELECT student_id FROM enrolment WHERE section_id = 2 ORDER BY 1")]
    with erp.browser("registrar01") as browser:
        paths = ["/sections/2/", *(f"/students/{pupil}/transcript/" for pupil in pupils[:5])]
        return [re.sub(r'value="\w{64}"', "", browser.get(path).raise_for_status().text) for path in paths]


def recover(subject: Subject) -> tuple[RowsFacts, RowsFacts]:
    """Facts before and after."""
    before = subject.assess()
    assert isinstance(before, RowsFacts)
    subject.apply(subject.task.plan(before, subject.options))
    after = subject.assess()
    assert isinstance(after, RowsFacts)
    assert subject.task.plan(after, subject.options) == ()
    assert subject.task.verify(before, after, subject.options) == []
    return before, after


def test_the_grades_of_a_section(erp: Erp, school: School) -> None:
    well, pages = digests(erp), transcripts(erp)
    count = erp.one(f"SELECT count(*) FROM grade WHERE {OF_THE_SECTION}")
    school.query(f"DELETE FROM grade WHERE {OF_THE_SECTION}")
    damaged = digests(erp)
    assert transcripts(erp) != pages
    subject = recovering(school, "grades", tables=["public.grade"], where=OF_THE_SECTION)
    steps = subject.plan()
    before, after = recover(subject)
    assert len(before.differences) == len(steps) == count > 10
    assert digests(erp) == well
    assert transcripts(erp) == pages
    assert after.broken == before.broken == {}
    assert after.beside == {"public.enrolment": count}
    subject.take_back(steps)
    assert digests(erp) == damaged
    subject.apply(steps)
    assert digests(erp) == well


def test_a_pupil_who_was_taken_out_of_a_section(erp: Erp, school: School) -> None:
    """As the ERP itself would delete: what hangs on the enrolment first. Taking back makes its triggers write down
    changes of grades whose enrolment then goes too."""
    well = digests(erp)
    enrolment = erp.one("SELECT min(enrolment_id) FROM grade")
    with psycopg.connect(erp.database_url) as connection:
        for table in ("grade", "grade_change", "submission", "attendance"):
            connection.execute(f"DELETE FROM {table} WHERE enrolment_id = {enrolment}".encode())
        connection.execute("DELETE FROM enrolment WHERE id = %s", [enrolment])
    damaged = digests(erp)
    subject = recovering(
        school, "pupil", tables=["public.enrolment"], where=f"id = {enrolment}", include_dependents=True
    )
    steps = subject.plan()
    recover(subject)
    assert digests(erp) == well
    subject.take_back(steps)
    assert digests(erp) == damaged
    subject.apply(steps)
    assert digests(erp) == well
