"""The API's addresses. Each asks for the same permission as the page of the control room that does the same."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Query, Status
from ninja.security import HttpBearer

from schoolkeeper.api import tokens
from schoolkeeper.api.answers import (
    BackupAnswer,
    Decision,
    EvidenceAnswer,
    FindingAnswer,
    Problem,
    RunAnswer,
    RunRequest,
    SystemAnswer,
    TaskAnswer,
)
from schoolkeeper.controlroom import roles
from schoolkeeper.engine import approvals
from schoolkeeper.engine.gate import needs_approval
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.request import request as ask_for
from schoolkeeper.estate.care import find
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.records.evidence import find as find_evidence
from schoolkeeper.records.evidence import vouch
from schoolkeeper.records.findings import open_findings
from schoolkeeper.records.models import EvidenceRecord, Run

PROBLEMS = {400: Problem, 401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}
MOST = 200


class Token(HttpBearer):
    """`Authorization: Bearer sk_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = tokens.user_of(token, timezone.now())
        if user is not None:
            request.user = user
        return user


api = NinjaAPI(
    title="Schoolkeeper",
    version="1",
    description="Look at what Schoolkeeper knows, and ask for work. `schoolkeeper users token` makes a token.",
    auth=Token(),
    docs_url=None,  # its page would fetch scripts from elsewhere
    urls_namespace="api",
)


@api.exception_handler(Invalid)
def _invalid(request: HttpRequest, error: Invalid) -> HttpResponse:
    return api.create_response(request, {"detail": error.what, "faults": list(error.faults)}, status=422)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return api.create_response(request, {"detail": str(error), "faults": []}, status=409)


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return api.create_response(request, {"detail": str(error), "faults": []}, status=403)


def _may(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"{request.user.get_username()} lacks the permission {permission}")


def _system(slug: str) -> str:
    return find(slug).slug


@api.get("/systems", response={200: list[SystemAnswer], **PROBLEMS}, tags=["systems"])
def systems(request: HttpRequest) -> Any:
    """The systems in care."""
    _may(request, roles.SEE)
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


@api.get("/tasks", response={200: list[TaskAnswer], **PROBLEMS}, tags=["tasks"])
def tasks(request: HttpRequest) -> Any:
    """What Schoolkeeper knows how to do."""
    _may(request, roles.SEE)
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


@api.get("/systems/{slug}/findings", response={200: list[FindingAnswer], **PROBLEMS}, tags=["systems"])
def findings(request: HttpRequest, slug: str) -> Any:
    """Open findings of a system, the worst first."""
    _may(request, roles.SEE)
    return [FindingAnswer.of(row) for row in open_findings().filter(system=_system(slug))[:MOST]]


@api.get("/systems/{slug}/backups", response={200: list[BackupAnswer], **PROBLEMS}, tags=["backups"])
def backups(request: HttpRequest, slug: str) -> Any:
    """The backup sets that runs have left, newest first, each with its newest proof."""
    _may(request, roles.SEE)
    rows = EvidenceRecord.objects.filter(system=_system(slug))
    proofs: dict[str, EvidenceRecord] = {}
    for row in rows.filter(kind="proof").order_by("-at"):
        proofs.setdefault(row.key, row)
    sets = rows.filter(kind="backup-set").order_by("-at")[:MOST]
    return [_backup(row, proofs.get(row.key)) for row in sets]


def _backup(row: EvidenceRecord, proof: EvidenceRecord | None) -> BackupAnswer:
    return BackupAnswer(set=EvidenceAnswer.of(row), proof=EvidenceAnswer.of(proof) if proof else None)


@api.get("/systems/{slug}/backups/{set_id}", response={200: BackupAnswer, **PROBLEMS}, tags=["backups"])
def backup(request: HttpRequest, slug: str, set_id: str) -> Any:
    """One backup set with its newest proof."""
    _may(request, roles.SEE)
    rows = EvidenceRecord.objects.filter(system=_system(slug), key=set_id).order_by("-at")
    row = rows.filter(kind="backup-set").first()
    if row is None:
        return Status(404, Problem(detail=f"{slug} has no backup set {set_id} on record"))
    return _backup(row, rows.filter(kind="proof").first())


@api.get("/systems/{slug}/evidence/{kind}/{key}", response={200: dict[str, Any], **PROBLEMS}, tags=["backups"])
def evidence(request: HttpRequest, slug: str, kind: str, key: str) -> Any:
    """Signed evidence that an auditor verifies offline, as `schoolkeeper evidence export` writes it."""
    _may(request, roles.SEE)
    record = find_evidence(_system(slug), kind, key)
    signed = vouch(record, settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE)
    return HttpResponse(signed.line(), content_type="application/json")


@api.post("/systems/{slug}/runs", response={202: RunAnswer, **PROBLEMS}, tags=["runs"])
def ask(request: HttpRequest, slug: str, body: RunRequest) -> Any:
    """Ask for a run: a backup, a drill, a recovery. Whatever needs approval waits for it."""
    _may(request, roles.RUN)
    run = ask_for(body.task, slug, by=request.user.get_username(), occasion="API", options=body.options)
    return Status(202, RunAnswer.of(run))


@api.get("/runs", response={200: list[RunAnswer], **PROBLEMS}, tags=["runs"])
def runs(request: HttpRequest, system: str = "", limit: int = Query(50, ge=1, le=MOST)) -> Any:  # type: ignore[type-arg]
    """The newest runs, of all systems or of one."""
    _may(request, roles.SEE)
    rows = Run.objects.prefetch_related("steps")
    chosen = rows.filter(system=_system(system)) if system else rows
    return [RunAnswer.of(run) for run in chosen[:limit]]


@api.get("/runs/{number}", response={200: RunAnswer, **PROBLEMS}, tags=["runs"])
def run(request: HttpRequest, number: int) -> Any:
    """One run with its plan."""
    _may(request, roles.SEE)
    found = _run(number)
    return RunAnswer.of(found) if found else Status(404, Problem(detail=f"there is no run {number}"))


@api.post("/runs/{number}/decision", response={200: RunAnswer, **PROBLEMS}, tags=["runs"])
def decide(request: HttpRequest, number: int, body: Decision) -> Any:
    """Approve or deny the plan of a run that waits. Binds to exactly this plan and these facts."""
    _may(request, roles.APPROVE)
    found = _run(number)
    if found is None:
        return Status(404, Problem(detail=f"there is no run {number}"))
    if not body.grant and not body.reason.strip():
        raise Invalid("decision", ["reason: a no needs a reason: whoever asked will want to know"])
    approvals.decide(
        found, by=request.user.get_username(), grant=body.grant, reason=body.reason, now=timezone.now()
    )
    return RunAnswer.of(Run.objects.get(pk=number))


def _run(number: int) -> Run | None:
    """Numbers that no database row can have are just not there."""
    return Run.objects.filter(pk=number).first() if 0 < number < 2**63 else None
