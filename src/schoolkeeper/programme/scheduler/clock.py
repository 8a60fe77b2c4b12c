"""Was the scheduler away, and does the clock go as it should? It compares two: one can be set, one cannot."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schoolkeeper.programme.models import Gap, Pulse
from schoolkeeper.records import ledger

AWAY_AFTER = timedelta(minutes=5)
"""A scheduler that has not been seen for so long was away; a restart takes less."""
JUMP = timedelta(seconds=60)
"""So much more or less than the steady clock says is a jump; time services correct a clock by less."""
FORGET = timedelta(days=30)
"""Machines that were started anew leave a pulse behind that nobody feels again."""
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


def feel(clock: Clock, worker_id: str) -> list[Gap]:
    """Keep this round's time; what is odd about it since the last one."""
    pulses = list(Pulse.objects.select_for_update())
    gaps = list(_gaps(pulses, clock, worker_id))
    fields = {"last_at": clock.now, "monotonic_seconds": clock.steady_seconds, "by": worker_id}
    Pulse.objects.update_or_create(boot_id=clock.boot, defaults=fields)
    Pulse.objects.filter(last_at__lt=clock.now - FORGET).delete()
    if any(gap.kind == Gap.Kind.BACKWARD for gap in gaps):
        Pulse.objects.filter(last_at__gt=clock.now).delete()  # told by a clock that was wrong
    Gap.objects.bulk_create(gaps)
    for gap in gaps:
        data = {"since": gap.since.isoformat(), "until": gap.until.isoformat()}
        ledger.append(f"clock.{gap.kind}", actor=worker_id, subject="scheduler", data=data)
    return gaps


def _gaps(pulses: Sequence[Pulse], clock: Clock, worker_id: str) -> Iterator[Gap]:
    """An absence is measured from the last round of anybody. A jump only by one's own steady clock: those of two
    machines, or of two starts of one, have nothing to do with each other."""
    if not pulses:
        return
    newest = max(pulses, key=lambda pulse: pulse.last_at)
    own = next((one for one in pulses if clock.boot and one.boot_id == clock.boot), None)
    if own is None or clock.steady_seconds < own.monotonic_seconds:
        if clock.now - newest.last_at < -JUMP:
            yield _gap(Gap.Kind.BACKWARD, clock.now, newest.last_at, worker_id)
        if clock.now - newest.last_at > AWAY_AFTER:
            yield _gap(Gap.Kind.ABSENT, newest.last_at, clock.now, worker_id)
        return
    expected = own.last_at + timedelta(seconds=clock.steady_seconds - own.monotonic_seconds)
    if expected - newest.last_at > AWAY_AFTER:
        yield _gap(Gap.Kind.ABSENT, newest.last_at, expected, worker_id)
    if clock.now - expected > JUMP:
        yield _gap(Gap.Kind.FORWARD, expected, clock.now, worker_id)
    if expected - clock.now > JUMP:
        yield _gap(Gap.Kind.BACKWARD, clock.now, expected, worker_id)


def _gap(kind: Gap.Kind, since: datetime, until: datetime, worker_id: str) -> Gap:
    return Gap(kind=kind, since=since, until=until, noted_by=worker_id)
