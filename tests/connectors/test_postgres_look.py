"""A Look cannot write: not by its type, not by trickery, not by the target's leave."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.kernel.errors import ReadOnlyViolation, SchoolkeeperError, Unreachable
from schoolkeeper.testing.arrange import secret_file

WRITING_TASK = """
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.facts import Facts, NoOptions

class Writer(SystemTask[NoOptions, Facts]):
    def assess(self, look: Look, options: NoOptions) -> Facts:
        {line}
        return Facts()
"""


@pytest.fixture
def look(database: str, tmp_path: Path) -> Iterator[PostgresLook]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE grade (id int, points int)")
        connection.execute("INSERT INTO grade VALUES (1, 90)")
        connection.execute(
            "CREATE FUNCTION meddle() RETURNS int LANGUAGE sql AS 'UPDATE grade SET points = 0 RETURNING 1'"
        )
    component = PostgresComponent(kind="postgres", dsn=secret_file(tmp_path, "dsn", database))
    with PostgresLook("database", component) as look:
        yield look


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM grade",
        "  update grade set points = 0",
        "-- a comment\nDELETE FROM grade",
        "COMMIT",
        "SET TRANSACTION READ WRITE",
        "WITH gone AS (DELETE FROM grade RETURNING 1) SELECT * FROM gone",
        "SELECT 1; DELETE FROM grade",
        "SELECT 1; COMMIT; DELETE FROM grade",
        "SELECT meddle()",
        "SELECT * INTO copy FROM grade",
        "EXPLAIN ANALYZE DELETE FROM grade",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "COPY grade TO PROGRAM 'true'",
    ],
)
def test_no_way_to_write(look: PostgresLook, database: str, query: str) -> None:
    with pytest.raises(SchoolkeeperError):
        look.rows(query)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT * FROM grade").fetchall() == [(1, 90)]
        assert connection.execute("SELECT to_regclass('copy')").fetchone() == (None,)


def test_postgres_itself_refuses(look: PostgresLook) -> None:
    with pytest.raises(ReadOnlyViolation, match="read-only transaction"):
        look.rows("SELECT meddle()")


def test_a_failed_query_leaves_the_look_usable(look: PostgresLook) -> None:
    before = look.row("SELECT now() AS at")
    with pytest.raises(Unreachable, match="nowhere"):
        look.rows("SELECT * FROM nowhere")
    assert look.row("SELECT now() AS at") == before, "all queries see one snapshot"


def test_a_wrong_password_does_not_show_it(database: str, tmp_path: Path) -> None:
    wrong = database.replace(database.split(":")[2].split("@")[0], "wrong-and-secret")
    component = PostgresComponent(kind="postgres", dsn=secret_file(tmp_path, "dsn", wrong))
    with PostgresLook("database", component) as look, pytest.raises(Unreachable) as caught:
        look.rows("SELECT 1")
    assert "password authentication failed" in str(caught.value)
    assert "wrong-and-secret" not in str(caught.value)


def test_a_task_that_writes_while_assessing_fails_in_mypy(tmp_path: Path) -> None:
    """Takes some seconds: it runs the type checker twice."""

    def mypy(line: str) -> str:
        file = tmp_path / "writer.py"
        file.write_text(WRITING_TASK.format(line=line))
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", str(file)], capture_output=True, text=True, check=False
        )
        return done.stdout

    assert '"PostgresLook" has no attribute "execute"' in mypy('look.postgres().execute("DELETE FROM grade")')
    assert "Success" in mypy('look.postgres().rows("SELECT 1")')
