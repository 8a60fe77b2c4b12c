"""How the backups of each system stand against its targets: a fixed number of queries, however many systems."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.dateparse import parse_duration

from schoolkeeper.controlroom.queries.backups import ProofRow, proof_row
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.newest import newest_of
from schoolkeeper.controlroom.queries.proofs import DEFAULT_RPO, Proof, newest_proofs
from schoolkeeper.controlroom.queries.verifications import Verification, newest_verifications
from schoolkeeper.controlroom.wording import Tone
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.models import EvidenceRecord, LatestMeasurement
from schoolkeeper.records.sets import MAIN_STORE
from schoolkeeper.reporting.proof.reading import read

DEFAULT_RTO = timedelta(hours=4)
FULL_SOON, FULL_VERY_SOON = timedelta(days=60), timedelta(days=14)
_STORE_NUMBERS = ("backup.store_bytes", "backup.store_free_bytes", "backup.store_growth_bytes")
_FARTHEST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class StoreUse:
    """What the main store holds, and when it will be full at the pace it grows; None where nobody has measured."""

    used_bytes: float | None
    free_bytes: float | None
    grows: bool | None
    full_on: date | None
    measured_at: datetime | None

    def tone(self, today: date) -> Tone:
        if self.full_on is None:
            return "good" if self.grows is not None and self.free_bytes is not None else "quiet"
        left = self.full_on - today
        return "bad" if left < FULL_VERY_SOON else "warn" if left < FULL_SOON else "good"


@dataclass(frozen=True, slots=True)
class Standing:
    """One system's backups as the records know them; `as_of` is when a task last looked at the store.

    `newest_at` is when the newest sound set was taken, `restored` the newest proof that held.
    """

    system: SystemName
    now: datetime
    rpo: timedelta
    rto: timedelta
    newest_at: datetime | None
    newest_key: str
    proof: Proof
    last: ProofRow | None
    restored: ProofRow | None
    verification: Verification | None
    store: StoreUse
    as_of: datetime | None

    @property
    def age(self) -> timedelta | None:
        return max(self.now - self.newest_at, timedelta()) if self.newest_at else None

    @property
    def age_tone(self) -> Tone:
        if self.age is None:
            return "bad"
        return "good" if self.age <= self.rpo else "bad"

    @property
    def recovery(self) -> timedelta | None:
        """What a recovery took in the newest proof that held."""
        return self.restored.recovery if self.restored else None

    @property
    def recovery_tone(self) -> Tone:
        if self.recovery is None:
            return "unknown"
        return "good" if self.recovery <= self.rto else "warn"

    @property
    def proof_tone(self) -> Tone:
        return self.last.word.tone if self.last else "unknown"

    @property
    def store_tone(self) -> Tone:
        return self.store.tone(self.now.date())


def standings(names: Names, now: datetime, only: str = "") -> list[Standing]:
    """Every system in care, or one."""
    systems = SystemRecord.objects.filter(**({"slug": only} if only else {}))
    targets = {
        slug: (rpo, rto) for slug, rpo, rto in systems.values_list("slug", "definition__rpo", "definition__rto")
    }
    proofs = newest_proofs({slug: rpo for slug, (rpo, _) in targets.items()}, now)
    sets = newest_of("backup-set", targets, only_holding=True)
    last, held = newest_of("proof", targets), newest_of("proof", targets, only_holding=True)
    readings = newest_verifications(targets, MAIN_STORE)
    use = _store_use(targets)
    return [
        Standing(
            system=names[slug],
            now=now,
            rpo=parse_duration(rpo or "") or DEFAULT_RPO,
            rto=parse_duration(rto or "") or DEFAULT_RTO,
            newest_at=_taken_at(sets.get(slug)),
            newest_key=sets[slug].key if slug in sets else "",
            proof=proofs[slug],
            last=proof_row(last[slug]) if slug in last else None,
            restored=proof_row(held[slug]) if slug in held else None,
            verification=readings.get(slug),
            store=use[slug],
            as_of=_as_of(sets.get(slug), readings.get(slug), use[slug]),
        )
        for slug, (rpo, rto) in targets.items()
    ]


def _taken_at(record: EvidenceRecord | None) -> datetime | None:
    return (read(record.data).taken_at or record.at) if record else None


def _as_of(newest: EvidenceRecord | None, verification: Verification | None, store: StoreUse) -> datetime | None:
    looks = [one.at for one in (newest, verification) if one is not None]
    return max([*looks, *([store.measured_at] if store.measured_at else [])], default=None)


def _store_use(systems: Iterable[str]) -> dict[str, StoreUse]:
    """From the newest numbers of the tasks; what is free comes without a store's name: it is the main one's."""
    numbers: dict[str, dict[str, LatestMeasurement]] = defaultdict(dict)
    wanted = LatestMeasurement.objects.filter(
        system__in=list(systems), name__in=_STORE_NUMBERS, subject__in=("", MAIN_STORE)
    )
    for one in wanted:
        numbers[one.system][one.name] = one
    return {slug: _use(numbers[slug]) for slug in systems}


def _use(numbers: Mapping[str, LatestMeasurement]) -> StoreUse:
    used, free, growth = (numbers.get(name) for name in _STORE_NUMBERS)
    full_on = None
    if free is not None and growth is not None and growth.value > 0:
        days = free.value / growth.value
        full_on = (free.at + timedelta(days=days)).date() if days <= _FARTHEST_DAYS else None
    return StoreUse(
        used_bytes=used.value if used else None,
        free_bytes=free.value if free else None,
        grows=growth.value > 0 if growth else None,
        full_on=full_on,
        measured_at=max((one.at for one in numbers.values()), default=None),
    )
