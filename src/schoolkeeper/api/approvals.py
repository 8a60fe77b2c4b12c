"""What waits for a person's yes or no, and who decides for whom."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from schoolkeeper.api.access import may, may_for, who
from schoolkeeper.api.inputs import DelegationRequest, Number
from schoolkeeper.api.problems import PROBLEMS, row_of
from schoolkeeper.api.programme_answers import DelegationAnswer, WaitingAnswer
from schoolkeeper.controlroom import roles
from schoolkeeper.engine import approvals, delegations
from schoolkeeper.engine.models import Delegation

router = Router(tags=["approvals"])


@router.get("/approvals", response={200: list[WaitingAnswer], **PROBLEMS})
def waiting(request: HttpRequest) -> Any:
    """Runs that wait for approval, the oldest first, each with its plan. Decide at `/runs/{number}/decision`."""
    may(request, roles.SEE)
    return [WaitingAnswer.of(row) for row in approvals.waiting(timezone.now())]


@router.get("/delegations", response={200: list[DelegationAnswer], **PROBLEMS})
def all_delegations(request: HttpRequest) -> Any:
    """Who stands in for whom, now and later."""
    may(request, roles.SEE)
    return list(delegations.in_force_or_to_come(timezone.now()))


@router.post("/delegations", response={201: DelegationAnswer, **PROBLEMS})
def delegate(request: HttpRequest, body: DelegationRequest) -> Any:
    """Let somebody decide in your stead for a while; for others only an administrator."""
    may(request, roles.APPROVE)
    may_for(request, body.of)
    made = delegations.delegate(**body.model_dump(), by=who(request), now=timezone.now())
    return Status(201, made)


@router.post("/delegations/{number}/end", response={200: DelegationAnswer, **PROBLEMS})
def undelegate(request: HttpRequest, number: Number) -> Any:
    """Take a delegation back before its time: one of yours or to you, or any as an administrator."""
    may(request, roles.SEE)
    row = row_of(Delegation, number)
    if who(request) != row.to:
        may_for(request, row.of)
    return delegations.end(row.pk, by=who(request), now=timezone.now())
