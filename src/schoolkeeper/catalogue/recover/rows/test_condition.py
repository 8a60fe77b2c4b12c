"""What may choose rows, and what is refused whoever wrote it."""

import pytest
from pydantic import ValidationError

from schoolkeeper.catalogue.backup.test_arrange import School
from schoolkeeper.catalogue.recover.rows.condition import condition
from schoolkeeper.catalogue.recover.rows.options import RowsOptions
from schoolkeeper.catalogue.recover.rows.test_arrange import (
    ask,
    assess,
    codes_of,
    digests,
    recovering,
    school,  # noqa: F401 - a fixture
)

GOOD = [
    "",
    "section_id = 12",
    " id IN (1, 2,3)\n AND NOT (title LIKE 'Class 1%' OR title IS NULL) ",
    "lower(title) = 'it''s; -- no comment' AND points BETWEEN 1.5 AND 2e3",
    "enrolment_id IN (SELECT e.id FROM public.enrolment AS e JOIN section AS s ON s.id = e.section_id)",
    "EXISTS (SELECT 1 FROM grade AS g WHERE g.id = person_id) OR given_at >= timestamp '2026-01-01 08:00'",
    "CASE WHEN points > 3 THEN true ELSE false END",
    '"user" = \'x\' AND "Grade Book"."limit"::integer - 1 <> -1',
    "notes::text LIKE '%ü%' AND имя = 'Иван' AND extract(year from born) = 2008",
]
HOSTILE = [
    "true; DROP TABLE grade",
    "true) OR (true",
    "true)); DELETE FROM grade WHERE ((true",
    "true -- and the rest",
    "true /* and the rest */",
    "id = (DELETE FROM grade RETURNING id)",
    "id IN (WITH gone AS (DELETE FROM grade RETURNING id) SELECT id FROM gone)",
    "pg_sleep(3600) IS NULL",
    '"pg_sleep"(3600) IS NULL',
    "pg_catalog.pg_read_file('/etc/passwd') <> ''",
    "set_config('role', 'postgres', false) = ''",
    "nextval('grade_id_seq') > 0",
    "lo_import('/etc/passwd') > 0",
    "dblink_exec('dbname=erp', 'DROP TABLE grade') = ''",
    "query_to_xml('DELETE FROM grade', true, true, '') IS NULL",
    "id IN (SELECT id FROM grade FOR UPDATE)",
    "true UNION SELECT rolpassword FROM pg_authid",
    "'' = (SELECT rolpassword FROM pg_authid)",
    "'' = (SELECT string_agg(usename, '') FROM \"pg_shadow\")",
    "title = E'\\'' OR true OR title = E'\\''",
    "title = U&'\\0027 OR true --'",
    'U&"d\\0061t\\+000061" = 1',
    "title = $$x$$",
    "title = $1",
    "SELECT 1",
    "id = 1 LIMIT 1",
    "id IN (SELECT id FROM grade ORDER BY random())",
    "id IN (TABLE grade)",
    "id IN (SELECT id INTO stolen FROM grade)",
    "current_user = 'postgres'",
    "(",
    "title = 'open",
    'title = "open',
    "title = '\0'",
    "points @> 3",
    "true\u00a0OR true",
    "title = 'a\\'",
    "1abc = 1",
    "(SELECT lower)(title) = ''",
    "true " * 500,
]


@pytest.mark.parametrize("text", GOOD)
def test_a_condition(text: str) -> None:
    assert condition(text) == text.strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(ValidationError):
        RowsOptions(where=text)


def test_what_got_through_could_not_harm(school: School, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Suppose that the parts were not looked at: the copy's reader can still neither write nor read files."""
    before = digests(school)
    for text in [
        *HOSTILE[:8],
        *HOSTILE[9:17],
        "pg_read_file('/etc/passwd') <> ''",
        "lo_import('/etc/passwd') > 0",
    ]:
        if "sleep" in text:
            continue
        subject = recovering(school, "first", tables=["public.section"])
        subject.options = RowsOptions.model_construct(**{**subject.options.model_dump(), "where": text})
        facts = assess(subject)
        assert facts.condition_fault or not facts.differences, text
        assert digests(school) == before
        assert ask(school, "SELECT count(*) FROM public.score") == [(36,)]


def test_one_that_the_rows_do_not_know(school: School) -> None:  # noqa: F811
    subject = recovering(school, tables=["public.section", "public.score"], where="title = 'Class 1'")
    facts = assess(subject)
    assert codes_of(subject, facts) == {("bad_condition", "")}
    assert subject.task.plan(facts, subject.options) == ()
