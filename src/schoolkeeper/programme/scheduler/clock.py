"""Was the scheduler away, and does the clock go as it should? It compares two: one can be set, one cannot."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schoolkeeper.programme.models import Gap, Pulse
from schoolkeeper.records import ledger

AWAY_AFTER = timedelta(minutes=5)
"""A scheduler that has not been seen for so long was away; a restart takes less."""
JUMP = timedelta(seconds=60)
"""So much more or less than the steady clock says is a jump; time services correct a clock by less."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Counts on while the machine sleeps, where there is such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, by both clocks. `boot` tells of which start of the machine the steady one counts."""

    now: datetime
    steady_seconds: float
    boot: str

    @classmethod
    def read(cls) -> "Clock":
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        return cls(datetime.now(UTC), time.clock_gettime(_STEADY), boot)


def feel(clock: Clock, worker_id: str) -> Gap | None:
    """Keep this round's time; what is odd about it since the last one, if anything is."""
    last = Pulse.objects.select_for_update().first()
    fields = {
        "last_at": clock.now,
        "boot_id": clock.boot,
        "monotonic_seconds": clock.steady_seconds,
        "by": worker_id,
    }
    if last is None:
        Pulse.objects.create(**fields)
        return None
    gap = _gap(last, clock, worker_id)
    Pulse.objects.filter(pk=last.pk).update(**fields)
    if gap is not None:
        gap.save()
        data = {"since": gap.since.isoformat(), "until": gap.until.isoformat()}
        ledger.append(f"clock.{gap.kind}", actor=worker_id, subject="scheduler", data=data)
    return gap


def _gap(last: Pulse, clock: Clock, worker_id: str) -> Gap | None:
    shown = clock.now - last.last_at
    steady = timedelta(seconds=clock.steady_seconds - last.monotonic_seconds)
    # The steady clocks of two machines, or of two starts of one, have nothing to do with each other.
    comparable = bool(clock.boot) and last.boot_id == clock.boot and steady >= timedelta()
    if comparable and shown - steady > JUMP:
        return Gap(kind=Gap.Kind.FORWARD, since=last.last_at, until=clock.now, noted_by=worker_id)
    if shown < -JUMP or (comparable and steady - shown > JUMP):
        since, until = sorted((clock.now, last.last_at))
        return Gap(kind=Gap.Kind.BACKWARD, since=since, until=until, noted_by=worker_id)
    if shown > AWAY_AFTER:
        return Gap(kind=Gap.Kind.ABSENT, since=last.last_at, until=clock.now, noted_by=worker_id)
    return None
