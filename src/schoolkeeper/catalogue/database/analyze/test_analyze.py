from pathlib import Path

import psycopg
import pytest

from schoolkeeper.catalogue.database.analyze.task import Analyze, AnalyzeOptions
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import content_of, system_on


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, database: str, tmp_path: Path) -> Subject:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE grade AS SELECT g AS id, g % 100 AS points FROM generate_series(1, 5000) g"
            )
        return Subject(
            task=Analyze(),
            options=AnalyzeOptions(),
            home=tmp_path,
            fingerprint=lambda: content_of(database),
            **system_on(tmp_path, database=database),
        )


def test_names_with_dots_and_quotes(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for schema, table in (('"a.b"', "c"), ("a", '"b.c"'), ('"quo""te"', '"Grade Book"')):
            connection.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.{table} (x int)".encode())
    where = system_on(tmp_path, database=database)
    subject = Subject(task=Analyze(), options=AnalyzeOptions(), home=tmp_path, fingerprint=str, **where)
    steps = subject.plan()
    assert [step.key for step in steps] == [
        'analyze:"a.b".c',
        'analyze:"quo""te"."Grade Book"',
        'analyze:a."b.c"',
    ]
    subject.apply(steps)
    assert subject.plan() == ()
