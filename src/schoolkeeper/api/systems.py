"""Systems, what was found about them, and their backups; what there is to do."""

from typing import Annotated, Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Status
from ninja.params import functions

from schoolkeeper.api.access import may
from schoolkeeper.api.answers import (
    BackupAnswer,
    EvidenceAnswer,
    FindingAnswer,
    Problem,
    SystemAnswer,
    TaskAnswer,
    TrendAnswer,
)
from schoolkeeper.api.inputs import Flag, Key, Slug
from schoolkeeper.api.problems import PROBLEMS
from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.queries.backups import listed, removed_at
from schoolkeeper.controlroom.queries.trend import recoveries
from schoolkeeper.engine.gate import needs_approval
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.evidence import find as find_evidence
from schoolkeeper.records.evidence import vouch
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import EvidenceRecord
from schoolkeeper.records.sets import missed

router = Router()
Days = Annotated[int, functions.Query(30, ge=1, le=730)]
MOST = 200


@router.get("/systems", response={200: list[SystemAnswer], **PROBLEMS}, tags=["systems"])
def systems(request: HttpRequest) -> Any:
    """The systems in care."""
    may(request, roles.SEE)
    found = (find(slug) for slug in SystemRecord.objects.order_by("slug").values_list("slug", flat=True))
    return [
        SystemAnswer(
            slug=one.slug,
            name=one.name,
            institution=one.institution,
            profile=one.profile,
            environment=one.environment,
        )
        for one in found
    ]


@router.get("/tasks", response={200: list[TaskAnswer], **PROBLEMS}, tags=["tasks"])
def tasks(request: HttpRequest) -> Any:
    """What Schoolkeeper knows how to do."""
    may(request, roles.SEE)
    return [
        TaskAnswer(
            id=task.spec.id,
            title=task.spec.title,
            summary=task.spec.summary,
            risk=task.spec.risk.name.lower(),
            undo=task.spec.undo.value,
            needs_approval=needs_approval(task.spec),
            options=task.options.model_json_schema(),
        )
        for task in catalogue().values()
    ]


@router.get("/systems/{slug}/findings", response={200: list[FindingAnswer], **PROBLEMS}, tags=["systems"])
def findings(request: HttpRequest, slug: Slug) -> Any:
    """Open findings of a system, the worst first."""
    may(request, roles.SEE)
    return [FindingAnswer.of(row) for row in open_findings().filter(system=find(slug).slug)[:MOST]]


@router.get("/systems/{slug}/backups", response={200: list[BackupAnswer], **PROBLEMS}, tags=["backups"])
def backups(request: HttpRequest, slug: Slug, removed: Flag) -> Any:
    """The backup sets that runs have left, newest first, each with its newest proof.

    Those that the rule of retention took away are left out unless `removed` asks for them.
    """
    may(request, roles.SEE)
    return _backups(listed(find(slug).slug, removed=removed)[:MOST])


@router.get("/systems/{slug}/backups/{set_id}", response={200: BackupAnswer, **PROBLEMS}, tags=["backups"])
def backup(request: HttpRequest, slug: Slug, set_id: Key) -> Any:
    """One backup set with its newest proof."""
    may(request, roles.SEE)
    found = _backups(listed(find(slug).slug, removed=True).filter(key=set_id)[:1])
    return found[0] if found else Status(404, Problem(detail=f"{slug} has no backup set {set_id} on record"))


def _backups(records: QuerySet[EvidenceRecord]) -> list[BackupAnswer]:
    """Sets of one system."""
    sets = list(records)
    keys = [one.key for one in sets]
    system = sets[0].system if sets else ""
    proofs = EvidenceRecord.objects.filter(system=system, kind="proof", key__in=keys).order_by("at")
    newest = {proof.key: proof for proof in proofs}
    removed, gone = removed_at([system], keys), missed(system)
    return [
        BackupAnswer(
            set=EvidenceAnswer.of(one),
            proof=EvidenceAnswer.of(newest[one.key]) if one.key in newest else None,
            removed_at=removed.get((system, one.key)),
            missed=one.key in gone,
        )
        for one in sets
    ]


@router.get("/systems/{slug}/recovery-trend", response={200: TrendAnswer, **PROBLEMS}, tags=["backups"])
def recovery_trend(request: HttpRequest, slug: Slug, days: Days, weekly: Flag) -> Any:
    """How long recoveries took and how old the newest set got, by day or week, beside what was promised."""
    may(request, roles.SEE)
    return recoveries(find(slug), timezone.now(), days, weekly=weekly)


@router.get("/systems/{slug}/evidence/{kind}/{key}", response={200: dict[str, Any], **PROBLEMS}, tags=["backups"])
def evidence(request: HttpRequest, slug: Slug, kind: Key, key: Key) -> Any:
    """Signed evidence that an auditor verifies offline, as `schoolkeeper evidence export` writes it."""
    may(request, roles.SEE)
    record = find_evidence(find(slug).slug, kind, key)
    signed = vouch(record, settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    return HttpResponse(signed.line(), content_type="application/json")
