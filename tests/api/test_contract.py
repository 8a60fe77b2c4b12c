"""The API keeps to its own description, whatever it is asked: requests are made from the description itself."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from schoolkeeper.programme.entries import refresh
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.server.urls import api
from schoolkeeper.server.wsgi import application
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = sorted(
    (method.upper(), path) for path, methods in api.get_openapi_schema()["paths"].items() for method in methods
)
# Deterministic and bounded, so that the suite is; whoever looks for more raises the number of examples.
BOUNDED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def administrator(system: None) -> Iterator[Program]:
    """Somebody who may do everything, so that requests get past the permissions to what is behind."""
    refresh("north-college", timezone.now())
    # At its end a request gives its connection back, and with it the transaction that this test lives in.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    program = Program("administrator")
    program.user.is_superuser = True
    program.user.save()
    yield program
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(
    administrator: Program, method: str, path: str, mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {administrator.token}"}

    @BOUNDED
    @given(case=_operation(method, path).as_strategy(mode))
    def ask(case: Case) -> None:
        _at_something_that_is_there(case)
        with transaction.atomic():
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    ask()


def _operation(method: str, path: str) -> APIOperation[Any, Any, Any, Any]:
    return _schema()[path][method]


@cache
def _schema() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


def _at_something_that_is_there(case: Case) -> None:
    """Every second request is about a system, an entry and a row that exist: others get no further than a 404."""
    places = case.path_parameters
    if not places or len(json.dumps(places, default=str)) % 2:
        return
    there = {"slug": "north-college", "task": "duty.policy_review", "number": Occurrence.objects.earliest("id").pk}
    for name in places.keys() & there.keys():
        places[name] = there[name]
