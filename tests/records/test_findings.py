"""The life of a finding."""

from datetime import UTC, datetime, timedelta

import pytest

from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.records.findings import observe, open_findings
from schoolkeeper.records.models import FindingRecord, Run, Silence

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
CODES = {"test.task.full", "test.task.slow", "test.task.unknown"}

pytestmark = pytest.mark.django_db


def see(day: int, *findings: Finding) -> None:
    now = MONDAY + timedelta(days=day)
    run = Run.objects.create(
        system="north", task="test.task", spec_version=1, requested_by="test", occasion="test", requested_at=now
    )
    observe(run, CODES, findings, now)


def finding(suffix: str, level: Level = Level.ERROR, subject: str = "/srv") -> Finding:
    return Finding(code=f"test.task.{suffix}", level=level, says=f"{suffix} {level.name}", subject=subject)


def lives() -> list[tuple[str, str, int, int | None, int]]:
    """Code, subject, day first seen, day resolved, times seen."""
    return [
        (
            row.code.rpartition(".")[2],
            row.subject,
            (row.first_seen - MONDAY).days,
            (row.resolved_at - MONDAY).days if row.resolved_at else None,
            row.times_seen,
        )
        for row in FindingRecord.objects.order_by("first_seen", "code", "subject")
    ]


def test_seen_again_resolved_and_back() -> None:
    see(0, finding("full"))
    see(1, finding("full", Level.WARNING))
    assert FindingRecord.objects.get().level == Level.WARNING
    see(2)
    see(3, finding("full"))
    assert lives() == [("full", "/srv", 0, 2, 2), ("full", "/srv", 3, None, 1)]


def test_each_subject_lives_for_itself() -> None:
    see(0, finding("full"), finding("full", subject="/home"))
    see(1, finding("full", subject="/home"))
    assert lives() == [("full", "/home", 0, None, 2), ("full", "/srv", 0, 1, 1)]


def test_what_could_not_be_looked_at_is_not_resolved() -> None:
    see(0, finding("full"))
    see(1, finding("unknown", Level.UNKNOWN, subject=""))
    see(2, finding("unknown", Level.UNKNOWN, subject="clock"))
    assert lives() == [
        ("full", "/srv", 0, None, 1),
        ("unknown", "", 1, 2, 1),
        ("unknown", "clock", 2, None, 1),
    ]


def test_another_system_or_task_is_left_alone() -> None:
    see(0, finding("full"))
    now = MONDAY + timedelta(days=1)
    run = Run.objects.create(
        system="south", task="test.task", spec_version=1, requested_by="test", occasion="test", requested_at=now
    )
    observe(run, CODES, (), now)
    observe(Run.objects.filter(system="north").get(), {"other.task.full"}, (), now)
    assert lives() == [("full", "/srv", 0, None, 1)]


def test_a_run_resolves_only_what_runs_on_the_same_target_have_found() -> None:
    see(0, finding("full"))
    now = MONDAY + timedelta(days=1)
    names = {"system": "north", "task": "test.task", "requested_by": "test"}
    common = {**names, "spec_version": 1, "requested_at": now}
    elsewhere = Run.objects.create(**common, options={"store": "far"})
    observe(elsewhere, CODES, (), now, target=["store"])
    assert lives() == [("full", "/srv", 0, None, 1)]
    here = Run.objects.create(**common, options={"limit": 5})
    observe(here, CODES, (), now, target=["store"])
    assert lives() == [("full", "/srv", 0, 1, 1)]


def test_a_silence_covers_its_subject_until_it_ends() -> None:
    see(0, finding("full"), finding("full", subject="/home"))
    now = datetime.now(UTC)
    silence = Silence(
        system="north", code="test.task.full", subject="/srv", reason="new disk ordered", made_by="keeper",
        made_at=now - timedelta(days=9), until=now + timedelta(days=1),
    )  # fmt: skip
    silence.save()
    assert {row.subject: row.silenced for row in open_findings()} == {"/srv": True, "/home": False}
    Silence.objects.update(until=now - timedelta(hours=1))  # the database's now is that of the transaction's start
    assert not any(row.silenced for row in open_findings())
