"""How long recoveries took and how old the newest backup got, stretch by stretch. Empty stretches stay empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schoolkeeper.connectors.system import System
from schoolkeeper.controlroom.queries.backups import ProofRow, proof_row
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.proof.reading import read


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day or a week: from `start` until before `end`; `day` is its first day where the system is."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    """By stretch: the proof to look at, and the highest age of the newest sound set; None where there is none."""

    stretches: Sequence[Stretch]
    proofs: Sequence[ProofRow | None]
    ages: Sequence[timedelta | None]


@dataclass(frozen=True, slots=True)
class StretchTold:
    """A stretch from `day` on: what the drill that matters most in it found, and how old the newest sound set got.

    None is what nobody knows: nothing was tried, or there was no set to be old.
    """

    day: date
    restores: bool | None
    recovery_seconds: float | None
    run: int | None
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class Recoveries:
    """Stretches, the oldest first, beside the system's own targets."""

    rto_seconds: float
    rpo_seconds: float
    stretches: tuple[StretchTold, ...]


def recoveries(system: System, now: datetime, days: int, *, weekly: bool) -> Recoveries:
    """The trend of the last days of one system, for other programs and the command line."""
    length = 7 if weekly else 1
    found = trend(system.slug, now, ZoneInfo(system.timezone), length, -(-days // length))
    together = zip(found.stretches, found.proofs, found.ages, strict=True)
    told = (_told(stretch.day, proof, age) for stretch, proof, age in together)
    return Recoveries(system.rto.total_seconds(), system.rpo.total_seconds(), tuple(told))


def _told(day: date, proof: ProofRow | None, age: timedelta | None) -> StretchTold:
    return StretchTold(
        day=day,
        restores=proof.holds if proof else None,
        recovery_seconds=proof.recovery.total_seconds() if proof and proof.recovery else None,
        run=proof.run if proof else None,
        oldest_seconds=age.total_seconds() if age is not None else None,
    )


def stretches(now: datetime, zone: ZoneInfo, days: int, count: int) -> list[Stretch]:
    """`count` stretches of so many days, the last of which ends with today."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    first = [tomorrow - timedelta(days=days * back) for back in range(count, 0, -1)]
    return [Stretch(day, _midnight(day, zone), _midnight(day + timedelta(days=days), zone)) for day in first]


def trend(system: str, now: datetime, zone: ZoneInfo, days: int, count: int) -> Trend:
    """What the records of one system say."""
    spans = stretches(now, zone, days, count)
    since = spans[0].start
    proofs = EvidenceRecord.objects.filter(system=system, kind="proof", at__gte=since).order_by("at")
    sets = EvidenceRecord.objects.filter(system=system, kind="backup-set", holds=True)
    before = sets.filter(at__lt=since).order_by("-at").first()
    known = [*([before] if before else []), *sets.filter(at__gte=since)]
    taken = sorted(read(record.data).taken_at or record.at for record in known)
    return Trend(
        spans, telling([proof_row(record) for record in proofs], spans), oldest_by_stretch(taken, spans, now)
    )


def telling(proofs: Sequence[ProofRow], spans: Sequence[Stretch]) -> list[ProofRow | None]:
    """Of each stretch the proof that matters: one that did not hold before one that did, then the slowest."""
    result = []
    for span in spans:
        inside = [proof for proof in proofs if span.start <= proof.at < span.end]
        worst = max(inside, key=lambda one: (not one.holds, one.recovery or timedelta()), default=None)
        result.append(worst)
    return result


def oldest_by_stretch(
    taken: Sequence[datetime], spans: Sequence[Stretch], now: datetime
) -> list[timedelta | None]:
    """How old the newest set got in each stretch: just before the next one, or at the end of the stretch.

    `taken` are the times of the sets in order. None before the first set, when there was nothing to be old.
    """
    ages: list[timedelta | None] = []
    for span in spans:
        moments = [at for at in taken if span.start <= at < span.end] + [min(span.end, now)]
        found = [at - earlier for at in moments if (earlier := _newest_before(taken, at)) is not None]
        ages.append(max(found, default=None) if span.start < now else None)
    return ages


def _newest_before(taken: Sequence[datetime], at: datetime) -> datetime | None:
    return max((one for one in taken if one < at), default=None)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
