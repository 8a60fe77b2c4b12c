"""A school's records, made row by row: what the engine leaves behind, at times that the test chooses."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schoolkeeper.connectors.system import System
from schoolkeeper.estate import care
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records import ledger
from schoolkeeper.records.models import (
    EvidenceRecord,
    FindingRecord,
    MeasurementRecord,
    Run,
    Silence,
)

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # half past nine in Tashkent
SLUG = "north-college"
COMPONENTS: dict[str, Any] = {
    "database": {"kind": "postgres", "dsn": "env:NORTH_DSN"},
    "web": {"kind": "web", "url": "http://127.0.0.1:8100"},
    "host": {"kind": "host", "address": "local"},
    "uploads": {"kind": "files", "path": "/srv/erp/uploads"},
}
DAILY = (
    "health.host", "health.web", "health.database", "logs.errors",
    "backup.create", "backup.drill", "database.analyze", "storage.cleanup",
)  # fmt: skip


class School:
    """Makes rows for one system."""

    def __init__(self, slug: str) -> None:
        self.slug = slug

    def run(
        self, task: str, at: datetime, outcome: str = "ok", says: str = "", seconds: float = 4.0, **fields: Any
    ) -> Run:
        ended = {"state": "ended", "outcome": outcome, "ended_at": at + timedelta(seconds=seconds)}
        if outcome == "":
            ended = {"state": "running"}
        defaults = {"spec_version": 1, "requested_by": "programme", "occasion": "daily programme", **ended}
        made: Run = Run.objects.create(
            system=self.slug, task=task, says=says, requested_at=at, started_at=at, **(defaults | fields)
        )
        return made

    def finding(
        self, run: Run, code: str, level: Level, says: str, first_seen: datetime, **fields: Any
    ) -> FindingRecord:
        defaults = {"task": run.task, "first_seen": first_seen, "last_seen": first_seen, "run": run}
        made: FindingRecord = FindingRecord.objects.create(
            system=self.slug, code=code, level=level, says=says, **(defaults | fields)
        )
        return made

    def evidence(self, run: Run, kind: str, key: str, at: datetime, holds: bool = True, **data: Any) -> None:
        says = "whole" if holds else "one row differs"
        EvidenceRecord.objects.create(
            system=self.slug, run=run, kind=kind, key=key, holds=holds, says=says, data=data, at=at
        )

    def silence(self, code: str, until: datetime, made_at: datetime, **fields: Any) -> None:
        defaults = {"reason": "Known; the new disk is ordered", "made_by": "Dilnoza", "subject": ""}
        Silence.objects.create(system=self.slug, code=code, until=until, made_at=made_at, **(defaults | fields))

    def measure(self, name: str, at: datetime, value: float, subject: str = "") -> None:
        MeasurementRecord.objects.create(
            system=self.slug, name=name, subject=subject, at=at, value=value, run_id=1
        )

    def day(self, at: datetime, tasks: tuple[str, ...] = DAILY, **fields: Any) -> list[Run]:
        """One daily programme, a task a minute."""
        return [self.run(task, at + timedelta(minutes=number), **fields) for number, task in enumerate(tasks)]

    def busy(self, days: int, now: datetime = NOW, seed: int = 7) -> None:
        """A believable stretch of days that ends now, with the troubles that a school has."""
        chance = random.Random(seed)
        for back in range(days, -1, -1):
            at = (now - timedelta(days=back)).replace(hour=0, minute=10)
            if back in (3, 4) and days > 5:
                continue
            runs = {run.task: run for run in self.day(at, seconds=2 + chance.random() * 20)}
            key = f"{at:%Y%m%dT%H%M%SZ}-full"
            self.evidence(runs["backup.create"], "backup-set", key, at, size_bytes=31_000_000 + back * 90_000)
            data = {"tables": 46, "rows": 181_204 - back * 211, "files": 812, "seconds": 11.4 + back / 10}
            self.evidence(runs["backup.drill"], "proof", key, at + timedelta(minutes=9), holds=back != 2, **data)
        for hour in range(24 * days):
            at = now - timedelta(hours=hour)
            busy = 1.0 if 3 <= at.hour <= 12 else 0.35
            for page, base in (("sign-in", 90), ("gradebook", 160), ("course", 120)):
                self.measure("web.latency_ms", at, base * (0.8 + busy * chance.random()), page)
            self.measure("host.cpu_percent", at, 12 + 55 * busy * chance.random())
            self.measure("host.memory_percent", at, 48 + 8 * busy + chance.random())
            self.measure("host.disk_percent", at, 71 - hour * 0.01, "/")
            self.measure("host.disk_percent", at, 40 - hour * 0.004, "/srv/erp/uploads")
            self.measure("database.connections_count", at, round(6 + 20 * busy * chance.random()))


@pytest.fixture
def take_into_care(db: None) -> Callable[..., School]:
    """Take a system into care: `take_into_care(name=…, timezone=…)`."""

    def take(slug: str = SLUG, **fields: Any) -> School:
        defaults: dict[str, Any] = {
            "name": "North College ERP",
            "institution": "North College",
            "profile": "smart-education-erp",
            "environment": "production",
            "timezone": "Asia/Tashkent",
            "components": COMPONENTS,
        }
        system = System.model_validate({"slug": slug, **defaults, **fields})
        care.apply(system, by="tests", at=NOW - timedelta(days=90))
        ledger.append("system.applied", actor="tests", system=slug, at=NOW - timedelta(days=90))
        return School(slug)

    return take


@pytest.fixture
def school(take_into_care: Callable[..., School]) -> School:
    return take_into_care()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"
