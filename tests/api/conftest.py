"""A program that asks the API, and a system in care."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from schoolkeeper.api import tokens
from schoolkeeper.engine.care import take_into_care
from schoolkeeper.estate.definition import parse

DEFINITION = """
[system]
slug = "north-college"
name = "North College ERP"
profile = "smart-education-erp"
environment = "production"
"""


class Program:
    """A program with a token of a user who has one role."""

    def __init__(self, role: str) -> None:
        self.user = User.objects.create(username=f"{role}-program")
        self.user.groups.set([Group.objects.get(name=role)])
        self.token = tokens.make(self.user, "a test", timedelta(days=1), by="test", now=timezone.now())
        self._client = Client()

    def __call__(self, method: str, address: str, body: Any = None, *, status: int = 200, token: str = "") -> Any:
        answer = self._client.generic(
            method,
            f"/api/v1{address}",
            json.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {token or self.token}"},
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def system(db: None) -> None:
    take_into_care(parse(DEFINITION), by="test")


@pytest.fixture
def keeper(system: None) -> Program:
    return Program("keeper")


@pytest.fixture
def approver(system: None) -> Program:
    return Program("approver")
