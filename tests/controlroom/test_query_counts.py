"""How many queries each page takes, pinned in a reviewed file: a change is a decision, not an accident.

The counts do not grow with the number of systems: the pages are asked with many of everything.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from schoolkeeper.controlroom.page import Kind
from schoolkeeper.controlroom.pages import PAGES
from schoolkeeper.records.models import FindingRecord, Run
from tests.controlroom import believable

PINNED = json.loads(Path(__file__).with_name("query_counts.json").read_text(encoding="utf-8"))


@pytest.fixture
def places(now: datetime) -> Mapping[str, list[object]]:
    for number in range(9):
        slug = f"college-{number}"
        believable.take_into_care(slug, f"College {number}", now)
        for task, case in (("health.web", "wrong"), ("health.host", "warnings"), ("database.analyze", "stale")):
            run = believable.ended(slug, believable.Told(task, case), now - timedelta(minutes=number))
        believable.backup(slug, run, now - timedelta(hours=1), now)
    finding = FindingRecord.objects.filter(system="college-3").first()
    run = Run.objects.filter(task="database.analyze", system="college-3").get()
    assert finding
    return {
        "system": ["college-3"],
        "ask": ["college-3", "health.web"],
        "silence": [finding.pk],
        "run": [run.pk],
        "run_live": [run.pk],
        "task": ["health.web"],
    }


@pytest.mark.django_db
def test_query_counts(cast: Mapping[str, Client], places: Mapping[str, list[object]]) -> None:
    counts = {}
    for page in PAGES:
        if page.kind is not Kind.ACTION:
            address = reverse(f"admin:{page.name}", args=places.get(page.name))
            with CaptureQueriesContext(connection) as queries:
                assert cast["administrator"].get(address).status_code == 200
            counts[page.name] = len(queries)
    assert counts == PINNED, "if this is as it should be, review query_counts.json"
