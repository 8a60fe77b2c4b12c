"""Which backup sets were made, which were proven by a real restore, and how old the last proven one is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolkeeper.records import sets
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.reporting.status.period import Period

SET, PROOF = "backup-set", "proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSet:
    """A set; `made_at` is the moment whose data it holds."""

    key: str
    made_at: datetime
    holds: bool
    says: str
    size_bytes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A real restore of a set, and whether it came back whole."""

    key: str
    at: datetime
    holds: bool
    says: str
    tables: float | None
    rows: float | None
    files: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """`sets` and `proofs` are of the period, newest first; the last proven set may be older."""

    sets: tuple[BackupSet, ...]
    proofs: tuple[Proof, ...]
    proven_set: str
    """The key of the newest set whose newest proof holds, "" when there is none."""
    proven_made_at: datetime | None
    age: timedelta | None
    rpo: timedelta

    @property
    def within_rpo(self) -> bool:
        return self.age is not None and self.age <= self.rpo


def collect(system: str, period: Period, rpo: timedelta) -> Backups:
    """The backups of a system. A set's age counts from when it was taken, not from when it was proven."""
    evidence = EvidenceRecord.objects.filter(system=system, at__lte=period.now).select_related("run")
    of_period = evidence.filter(at__gte=period.start).order_by("-at", "-id")
    key, made_at = _last_proven(system, period.now)
    return Backups(
        sets=tuple(_set(row) for row in of_period.filter(kind=SET)),
        proofs=tuple(_proof(row) for row in of_period.filter(kind=PROOF)),
        proven_set=key,
        proven_made_at=made_at,
        age=period.now - made_at if made_at else None,
        rpo=rpo,
    )


def _last_proven(system: str, now: datetime) -> tuple[str, datetime | None]:
    """A later proof of the same set that failed takes the earlier word back, and so does a set that is missed;
    a proof of a set that the records do not know proves nothing that could be restored."""
    rows = (
        EvidenceRecord.objects.filter(system=system, at__lte=now, kind__in=(SET, PROOF))
        .select_related("run")
        .only("kind", "key", "holds", "at", "data", "run__started_at")
        .order_by("at", "id")
    )
    made: dict[str, datetime] = {}
    newest: dict[tuple[str, str], bool] = {}
    for row in rows:
        newest[row.kind, row.key] = row.holds
        if row.kind == SET:
            made.setdefault(row.key, _taken_at(row))
    missed = sets.missed(system)
    proven = [
        (made[key], key)
        for (kind, key), holds in newest.items()
        if kind == PROOF and holds and newest.get((SET, key)) and key not in missed
    ]
    if not proven:
        return "", None
    made_at, key = max(proven)
    return key, made_at


def _set(row: EvidenceRecord) -> BackupSet:
    size = _number(row.data, "size_bytes")
    return BackupSet(key=row.key, made_at=_taken_at(row), holds=row.holds, says=row.says, size_bytes=size)


def _proof(row: EvidenceRecord) -> Proof:
    return Proof(
        key=row.key,
        at=row.at,
        holds=row.holds,
        says=row.says,
        tables=_number(row.data, "tables"),
        rows=_number(row.data, "rows"),
        files=_number(row.data, "files"),
        seconds=_number(row.data, "seconds"),
    )


def _taken_at(row: EvidenceRecord) -> datetime:
    """When its data was read; where the evidence does not tell, its run's start is never too young."""
    told = row.data.get("taken_at")
    if isinstance(told, str):
        with suppress(ValueError):
            taken = datetime.fromisoformat(told)
            if taken.tzinfo is not None:
                return taken
    return row.run.started_at or row.at


def _number(data: Mapping[str, object], name: str) -> float | None:
    """A number of the evidence, None where it says nothing of the kind."""
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
