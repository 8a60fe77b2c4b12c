"""Whom a silence covers: one finding, or every subject of its code."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from schoolkeeper.controlroom.queries.findings import rows
from schoolkeeper.controlroom.queries.names import Names
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.records import silences
from schoolkeeper.records.findings import observe, open_findings
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run, Silence

pytestmark = pytest.mark.django_db

CODE = "test.task.full"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def seen(now: datetime) -> None:
    run = Run.objects.create(
        system="north", task="test.task", spec_version=1, requested_by="test", occasion="test", requested_at=now
    )
    subjects = ("", "/srv", "/home")
    observe(
        run, {CODE}, [Finding(code=CODE, level=Level.ERROR, says="full", subject=one) for one in subjects], now
    )


def silence(subject: str, now: datetime, *, every_subject: bool) -> Silence:
    return silences.silence(
        FindingRecord.objects.get(subject=subject),
        every_subject=every_subject,
        reason="known",
        until=now + timedelta(days=1),
        by="keeper",
        now=now,
    )


def silent() -> set[str]:
    return {row.subject for row in open_findings() if row.silenced}  # type: ignore[attr-defined]


@pytest.mark.parametrize("subject", ["", "/srv"])
def test_one_finding_is_silenced_alone(seen: None, now: datetime, subject: str) -> None:
    silence(subject, now, every_subject=False)
    assert silent() == {subject}
    assert LedgerEntry.objects.get().data["every_subject"] is False


@pytest.mark.parametrize("subject", ["", "/srv"])
def test_every_subject_is_silenced_when_asked_for(seen: None, now: datetime, subject: str) -> None:
    made = silence(subject, now, every_subject=True)
    assert silent() == {"", "/srv", "/home"}
    silences.end(made.pk, by="keeper", now=now + timedelta(seconds=1))
    assert [entry.data["every_subject"] for entry in LedgerEntry.objects.all()] == [True, True]


def test_an_older_silence_without_a_subject_still_covers_all(now: datetime) -> None:
    """What the migration makes of the rows that it finds."""
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("records", "0003_silence_every_subject")
    update = migration.operations[1]
    for subject in ("", "/srv"):
        Silence.objects.create(
            system="north", code=CODE, subject=subject, reason="known", made_by="keeper", made_at=now,
            until=now + timedelta(days=1),
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(update.sql)  # type: ignore[attr-defined]
    assert dict(Silence.objects.values_list("subject", "every_subject")) == {"": True, "/srv": False}


def test_the_control_room_shows_the_silence_with_what_it_covers(seen: None, now: datetime) -> None:
    made = silence("", now, every_subject=False)
    shown = {row.subject: row.silence for row in rows(open_findings(), Names())}
    assert shown == {"": made, "/srv": None, "/home": None}
