"""How each system is: health, backup, today's runs. A fixed number of queries, however many systems there are."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.health import health
from schoolkeeper.controlroom.queries.proofs import Proof, newest_proofs
from schoolkeeper.controlroom.queries.tasks import tasks_that_look
from schoolkeeper.controlroom.queries.today import Today
from schoolkeeper.controlroom.queries.today import today as todays_programme
from schoolkeeper.engine.models import Hold
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.records.findings import open_findings

# Outcomes of runs that saw something; a refused, broken or blind one did not.
_LOOKED = ["ok", "nothing_to_do", "failed", "undone"]


@dataclass(frozen=True, slots=True)
class SystemState:
    """One system as it is now. `open` counts unsilenced findings, `today` the runs that ended, by outcome;
    `programme` is how today's programme stands."""

    slug: str
    name: str
    institution: str
    environment: str
    zone: str
    profile: str
    kinds: frozenset[str]
    definition: Mapping[str, Any]
    applied_at: datetime
    health: Level
    why: str
    looked_at: datetime | None
    open: Mapping[Level, int]
    silenced: int
    proof: Proof
    today: Mapping[str, int]
    programme: Today
    on_hold: bool

    @property
    def levels(self) -> list[tuple[int, int]]:
        """Open findings as (level, count), worst first."""
        return [(level.value, self.open[level]) for level in sorted(self.open, reverse=True)]

    @property
    def outcomes(self) -> list[tuple[wording.Word, int]]:
        """Today's ended runs as (word, count)."""
        return [(wording.TALLIED[name], count) for name, count in sorted(self.today.items())]


def states(now: datetime, watching: Sequence[Spec], only: str | None = None) -> list[SystemState]:
    """All systems (or one), worst first, then by name. `watching` are the tasks that should look every day."""
    records = list(SystemRecord.objects.filter(**({} if only is None else {"slug": only})))
    slugs = [record.slug for record in records]
    found = _findings(slugs)
    looks = _looks(slugs, [spec.id for spec in watching])
    proofs = newest_proofs({record.slug: record.definition.get("rpo") for record in records}, now)
    today = _today(slugs, now)
    programme = todays_programme(now, only)
    held = set(Hold.objects.filter(system__in=slugs, cleared_at=None).values_list("system", flat=True))
    result = []
    for record in records:
        slug = record.slug
        kinds = frozenset(part["kind"] for part in record.definition["components"].values())
        opened, silenced = found[slug]
        level, why = health(opened, [spec for spec in watching if spec.readable & kinds], looks[slug], now)
        state = SystemState(
            slug=slug,
            name=record.name,
            institution=record.institution,
            environment=record.environment,
            zone=record.timezone,
            profile=record.profile,
            kinds=kinds,
            definition=record.definition,
            applied_at=record.applied_at,
            health=level,
            why=why,
            looked_at=max(looks[slug].values(), default=None),
            open=opened,
            silenced=silenced,
            proof=proofs[slug],
            today=today[slug],
            programme=programme[slug],
            on_hold=slug in held,
        )
        result.append(state)
    # An error is certain, so it stands before what nobody knows.
    worst_first = (Level.ERROR, Level.UNKNOWN, Level.WARNING, Level.INFO, Level.OK)
    return sorted(result, key=lambda state: (worst_first.index(state.health), -_weight(state.open), state.name))


def _weight(counts: Mapping[Level, int]) -> int:
    return sum(count * 100**level for level, count in counts.items())


def _findings(slugs: Sequence[str]) -> dict[str, tuple[dict[Level, int], int]]:
    findings: QuerySet[Any, Any] = open_findings().filter(system__in=slugs).order_by()
    rows = findings.values_list("system", "level", "silenced").annotate(count=Count("pk"))
    opened: dict[str, Counter[Level]] = defaultdict(Counter)
    silenced: Counter[str] = Counter()
    for system, level, is_silenced, count in rows:
        if is_silenced:
            silenced[system] += count
        else:
            opened[system][Level(level)] += count
    return {slug: (dict(opened[slug]), silenced[slug]) for slug in slugs}


def _looks(slugs: Sequence[str], tasks: Sequence[str]) -> dict[str, dict[str, datetime]]:
    """When each task last could look at each system: one index look-up per pair, however long the history."""
    query = """
        SELECT s.slug, t.task, r.ended_at
          FROM unnest(%s::text[]) AS s(slug) CROSS JOIN unnest(%s::text[]) AS t(task)
         CROSS JOIN LATERAL (
               SELECT ended_at FROM records_run
                WHERE system = s.slug AND task = t.task AND outcome = ANY(%s)
                ORDER BY id DESC LIMIT 1) AS r"""
    looks: dict[str, dict[str, datetime]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(query, [list(slugs), list(tasks), _LOOKED])
        for slug, task, at in cursor.fetchall():
            looks[slug][task] = at
    return looks


def _today(slugs: Sequence[str], now: datetime) -> dict[str, Counter[str]]:
    """Runs that ended since midnight of each system's own zone, by outcome."""
    query = """
        SELECT r.system,
               CASE WHEN r.outcome = 'failed' AND r.task = ANY(%s) THEN 'faults_found' ELSE r.outcome END AS how,
               count(*)
          FROM records_run AS r JOIN estate_systemrecord AS s ON s.slug = r.system
         WHERE r.ended_at >= %s - interval '25 hours' AND r.system = ANY(%s)
           AND r.ended_at >= date_trunc('day', %s AT TIME ZONE s.timezone) AT TIME ZONE s.timezone
         GROUP BY r.system, how"""
    today: dict[str, Counter[str]] = defaultdict(Counter)
    with connection.cursor() as cursor:
        cursor.execute(query, [tasks_that_look(), now, list(slugs), now])
        for slug, outcome, count in cursor.fetchall():
            today[slug][outcome] = count
    return today
