"""Systems in care, and rounds of the scheduler at times that a test chooses."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.utils import timezone

from schoolkeeper.engine.care import take_into_care
from schoolkeeper.engine.presence import beat
from schoolkeeper.estate.definition import parse
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.programme.scheduler import looking_ahead
from schoolkeeper.programme.scheduler import round as scheduler
from schoolkeeper.programme.scheduler.clock import Clock
from schoolkeeper.programme.scheduler.round import Round
from schoolkeeper.records.models import Run

SYSTEM = """
[system]
slug = "{slug}"
name = "{slug}"
institution = "{institution}"
profile = "smart-education-erp"
environment = "production"
timezone = "{zone}"
[components.host]
kind = "host"
[components.database]
kind = "postgres"
dsn = "file:/dsn"
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def take(slug: str = "north-college", zone: str = "UTC", institution: str = "", more: str = "") -> None:
    take_into_care(parse(SYSTEM.format(slug=slug, zone=zone, institution=institution) + more), by="test")


def turn(now: datetime, *, worker: str | None = "worker-1") -> Round:
    """One round at this time; both clocks go alike."""
    with time_machine.travel(now, tick=False):
        if worker:
            beat(worker)
        done = scheduler.turn(Clock(now, now.timestamp(), "boot"), worker or "worker-1")
    assert done is not None
    return done


def look_ahead(now: datetime) -> int:
    with time_machine.travel(now, tick=False):
        return looking_ahead.look_ahead(now)


def carry_out(now: datetime, outcome: Outcome = Outcome.OK, took: timedelta = timedelta(minutes=1)) -> int:
    """Let every run that was asked for end so; how many. Workers have tests of their own."""
    runs = Run.objects.exclude(state=Run.State.ENDED)
    return runs.update(
        state=Run.State.ENDED, outcome=outcome.value, says="as told", started_at=now, ended_at=now + took
    )


def now() -> datetime:
    return timezone.now()
