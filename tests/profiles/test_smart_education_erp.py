"""The profile against the real thing: a filled ERP with people at work, its pages and its log files."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from schoolkeeper import profiles
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import LOG_FILE_SETTINGS, SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import Page, WebLook
from schoolkeeper.profiles.model import Assertion
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.folders import temporary_folder
from schoolkeeper.testing.ports import own_port
from tests.smart_erp.visitors import ended, traffic, wait_for_work

PROFILE = profiles.load("smart-education-erp")
PASSWORD = "correct horse 1!"
START_SECONDS = 120  # on a machine that does other things too


@dataclass(frozen=True)
class Erp:
    home: Path
    dsn: str
    url: str
    logs: dict[str, Path]

    def rows(self, query: str, **parameters: object) -> list[dict[str, object]]:
        with psycopg.connect(self.dsn, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def command(self, environment: dict[str, str], *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "smart_erp", *arguments], env=environment, check=True, timeout=120)


@pytest.fixture(scope="module")
def erp() -> Iterator[Erp]:
    with temporary_folder("profile-") as root:
        settings = {**SCRATCH_SETTINGS, **LOG_FILE_SETTINGS, "log_timezone": "Asia/Tashkent"}
        with Cluster(root / "postgres", find(16, prefer="wheel"), settings=settings) as cluster:
            with cluster.connect() as connection:
                create_database(connection, "erp")
            port, home = own_port(), root / "home"
            logs = {
                "application": home / "logs/app.log",
                "access": home / "logs/access.log",
                "database": cluster.files.logs / "postgresql.log",
            }
            erp = Erp(home, cluster.dsn("erp"), f"http://127.0.0.1:{port}", logs)
            yield from _at_work(erp, port)


def _at_work(erp: Erp, port: int) -> Iterator[Erp]:
    environment = {
        **os.environ,
        "SMART_ERP_DATABASE_URL": erp.dsn,
        "SMART_ERP_HOME": str(erp.home),
        "SMART_ERP_PORT": str(port),
        "SMART_ERP_DEMO_PASSWORD": PASSWORD,
    }
    erp.command(environment, "migrate")
    erp.command(environment, "fill", "--size", "small")
    server = subprocess.Popen([sys.executable, "-m", "smart_erp", "serve"], env=environment)
    try:
        look, deadline = WebLook("web", WebComponent(kind="web", url=erp.url)), time.monotonic() + START_SECONDS  # type: ignore[arg-type]
        while not isinstance(look.get("/healthz", {}), Page):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with traffic(erp.url, environment, rate=20) as process:
            wait_for_work(erp.logs["access"])
            ended(process)
        yield erp
    finally:
        server.terminate()
        server.wait(60)


def test_a_sound_school_breaks_no_assertion(erp: Erp) -> None:
    assert len(PROFILE.integrity) >= 10
    assert len({assertion.code for assertion in PROFILE.integrity}) == len(PROFILE.integrity)
    assert {assertion.code: erp.rows(assertion.query) for assertion in PROFILE.integrity} == {
        assertion.code: [] for assertion in PROFILE.integrity
    }


DAMAGE = {
    "final-grades-agree": "UPDATE enrolment SET final_grade = 1 WHERE id = 7",
    "invoice-totals-agree": "UPDATE invoice SET total_amount = total_amount + 1 WHERE id = 7",
    "payments-agree": "UPDATE invoice SET paid_amount = total_amount - 0.01 WHERE paid_amount = total_amount",
    "balances-agree": "CREATE OR REPLACE VIEW fee_balance AS SELECT student_id, "
    "sum(total_amount) AS invoiced_amount, sum(paid_amount) AS paid_amount, "
    "sum(total_amount) AS balance_amount, sum(paid_amount) AS overdue_amount FROM invoice GROUP BY student_id",
    "grades-in-their-section": "UPDATE assignment SET section_id = section_id + 1 WHERE id = 1",
    "submissions-in-their-section": "UPDATE assignment SET section_id = section_id + 1 WHERE id IN "
    "(SELECT assignment_id FROM submission)",
    "attendance-in-its-year": "UPDATE attendance SET held_on = '1999-09-01' WHERE id = 7",
    "students-are-enrolled": "ALTER TABLE enrolment DISABLE TRIGGER ALL; "
    "DELETE FROM enrolment WHERE student_id = 7",
    "students-have-guardians": "DELETE FROM guardianship WHERE student_id = 7",
    "teachers-in-one-place": "UPDATE section SET teacher_id = (SELECT min(teacher_id) FROM section)",
    "roles-are-there": "UPDATE auth_group SET name = 'nobody' WHERE name = 'parent'",
    "users-have-a-role": "DELETE FROM auth_user_groups WHERE user_id = 7",
    "somebody-administers": "UPDATE auth_user SET is_active = false WHERE is_superuser",
    "release-is-known": "DELETE FROM release",
    "triggers-are-on": "ALTER TABLE grade DISABLE TRIGGER grade_changed",
    "uploads-are-used": "UPDATE student SET photo_id = NULL WHERE photo_id IS NOT NULL",
}


@pytest.mark.parametrize("assertion", PROFILE.integrity, ids=lambda assertion: assertion.code)
def test_each_assertion_notices_its_damage(erp: Erp, assertion: Assertion) -> None:
    with psycopg.connect(erp.dsn) as connection:
        connection.execute(DAMAGE[assertion.code])
        broken = connection.execute(assertion.query.encode()).fetchall()
        connection.rollback()
    assert broken


def test_the_queries_answer_with_the_columns_that_are_promised(erp: Erp) -> None:
    users = erp.rows(PROFILE.queries.users)
    assert users[0].keys() == {"login", "name", "active", "last_login_at"}
    assert {row["login"]: row["active"] for row in users}["registrar01"] is True
    roles = erp.rows(PROFILE.queries.roles)
    assert {"login": "registrar01", "role": "registrar"} in roles
    assert {"login": "admin", "role": "superuser"} in roles
    activity = erp.rows(PROFILE.queries.activity)
    assert activity[0].keys() == {"hour", "actions"}
    assert erp.rows(PROFILE.version.database) == [{"version": "1.1"}]


def test_every_file_that_the_database_names_is_there(erp: Erp) -> None:
    (uploads,) = PROFILE.uploads
    named = erp.rows(uploads.query)
    assert len(named) >= 500
    assert all((erp.home / "uploads" / str(row["path"])).stat().st_size == row["size_bytes"] for row in named)
    assert all(len(str(row["digest"])) == 64 for row in named)


def test_the_clean_up_rules_find_what_is_dead(erp: Erp) -> None:
    now = datetime.now(UTC)
    found = {
        rule.name: erp.rows(f"SELECT count(*) AS n FROM {rule.table} WHERE {rule.where}", now=now)
        for rule in PROFILE.cleanup.rows
    }
    assert found["expired sessions"] == [{"n": 150}]
    assert "expired cache entries" in found
    (files,) = PROFILE.cleanup.files
    assert files.component == "temporary"
    assert len(list((erp.home / "tmp").glob(files.pattern))) == 20


def test_checks_and_journey_pass(erp: Erp, tmp_path: Path) -> None:
    component = WebComponent.model_validate(
        {
            "kind": "web",
            "url": erp.url,
            "username": "registrar01",
            "password": secret_file(tmp_path, "password", PASSWORD),
        }
    )
    with WebLook("web", component) as look:
        for check in PROFILE.web.checks:
            answer = look.get(check.path, PROFILE.web.headers)
            assert isinstance(answer, Page)
            assert answer.fault(check) == "", check.name
        journey = look.journey(PROFILE.web.journey, PROFILE.web.headers)
    assert journey.problem == ""
    assert len(journey.steps) == len(PROFILE.web.journey)


def test_maintenance_is_recognised(erp: Erp) -> None:
    assert PROFILE.web.maintenance is not None
    flag = erp.home / "config/maintenance.json"
    flag.write_text('{"message": "Back soon.", "since": "2026-01-01T00:00:00+00:00"}')
    try:
        answer = WebLook("web", WebComponent(kind="web", url=erp.url)).get("/sign-in/", {})  # type: ignore[arg-type]
    finally:
        flag.unlink()
    assert isinstance(answer, Page)
    assert answer.fault(PROFILE.web.maintenance) == ""


@pytest.mark.parametrize("source", ["application", "access", "database"])
def test_every_line_of_the_logs_is_understood(erp: Erp, source: str) -> None:
    """Real lines, written a moment ago; only what may follow an entry (a traceback) may be no entry."""
    if source == "database":
        with psycopg.connect(erp.dsn) as connection, pytest.raises(psycopg.Error):
            connection.execute("SELECT * FROM nowhere")
    format = PROFILE.logs[source]
    lines = erp.logs[source].read_text().splitlines()
    found = [re.match(format.line, line) for line in lines]
    assert len(lines) >= 5
    assert [line for line, entry in zip(lines, found, strict=True) if not entry] == []
    for entry in found:
        assert entry is not None
        if format.time_format == "iso":
            datetime.fromisoformat(entry["time"])
        else:
            datetime.strptime(entry["time"], format.time_format)  # noqa: DTZ007  # its zone is the system's
    if source == "access":
        assert {entry["status"] for entry in found if entry} >= {"200", "302"}
        assert any(entry["user"].startswith("teacher") for entry in found if entry)
    else:
        assert {entry["level"] for entry in found if entry} & {"INFO", "LOG"}
    if source == "database":
        assert any(entry["level"] == "ERROR" and "nowhere" in entry["message"] for entry in found if entry)


def test_what_cannot_be_read_is_rejected() -> None:
    assert not re.match(PROFILE.logs["access"].line, 'GET / "unbalanced')
    assert re.match(PROFILE.logs["application"].line, "Traceback (most recent call last):") is None
