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

from schoolkeeper.calendars.academic import events
from schoolkeeper.controlroom.page import Kind
from schoolkeeper.controlroom.pages import PAGES
from schoolkeeper.records.models import EvidenceRecord, FindingRecord, Run
from tests.controlroom import (
    believable,
    believable_activity,
    believable_backups,
    believable_calendar,
    believable_programme,
)

PINNED = json.loads(Path(__file__).with_name("query_counts.json").read_text(encoding="utf-8"))


@pytest.fixture
def places(now: datetime, recoveries: None) -> Mapping[str, list[object]]:
    for number in range(9):
        slug = f"college-{number}"
        believable.take_into_care(slug, f"College {number}", now, institution=f"Institution {number}")
        for task, case in (("health.web", "wrong"), ("health.host", "warnings"), ("database.analyze", "stale")):
            run = believable.ended(slug, believable.Told(task, case), now - timedelta(minutes=number))
        key = believable_backups.take(slug, now - timedelta(hours=1))
        drill = believable_backups.prove(slug, key, now - timedelta(hours=1), now)
        believable_backups.read_back(slug, [key], now)
        believable_backups.prune(slug, [], now)
        believable_programme.live(slug, now)
        believable_programme.times(now, slug, f"Institution {number}")
        believable_programme.miss(slug, "database.analyze", now, "freeze", "A freeze was in force.")
        believable_programme.people_at_work(slug, now)
        repeating = believable_programme.repeat(slug, now)
        believable_activity.count(slug, now)
        believable_calendar.fill(f"Institution {number}", now)
        believable.waiting(slug, now)
    dates = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    by_hand = events.add(institution="", title="Open day", category="other", by="approver", now=now, **dates)
    done = believable_programme.with_run("college-3", "health.web", now)
    duty = believable_programme.newest_ahead("college-3")
    finding = FindingRecord.objects.filter(system="college-3").first()
    run = Run.objects.filter(task="database.analyze", system="college-3", state="ended").get()
    proof = EvidenceRecord.objects.get(kind="proof", system="college-3")
    assert finding
    return {
        "system": ["college-3"],
        "system_programme": ["college-3"],
        "entry": ["college-3", "database.analyze"],
        "occurrence": [done.pk],
        "occurrence of a duty": [duty.pk],
        "attachment": [believable_programme.attach(duty, now).pk],
        "ask": ["college-3", "health.web"],
        "silence": [finding.pk],
        "run": [run.pk],
        "run_live": [run.pk],
        "task": ["health.web"],
        "quietest": ["college-3"],
        "series_change": [repeating.pk],
        "event_change": [by_hand.pk],
        "system_backups": ["college-3"],
        "recovery_trend": ["college-3"],
        "backup_set": ["college-3", proof.key],
        "proof_pdf": [proof.pk],
        "signed_evidence": [proof.pk],
        "recover_choose": ["college-3", "recover.rows"],
        "recover_ask": ["college-3", "recover.rows"],
        "run of a drill": [drill.pk],
    }


@pytest.mark.django_db
def test_query_counts(cast: Mapping[str, Client], places: Mapping[str, list[object]]) -> None:
    counts = {}
    for page in PAGES:
        if page.kind is not Kind.ACTION:
            address = reverse(f"admin:{page.name}", args=places.get(page.name))
            if page.name == "recover_ask":
                address += f"?set={places['backup_set'][1]}"
            counts[page.name] = _queries(cast["administrator"], address)
    drill = reverse("admin:run", args=places["run of a drill"])
    counts["run of a drill"] = _queries(cast["administrator"], drill)
    counts["occurrence of a duty"] = _queries(
        cast["administrator"], reverse("admin:occurrence", args=places["occurrence of a duty"])
    )
    for view in ("week", "month", "year"):
        address = reverse("admin:system_programme", args=["college-3"])
        counts[f"system_programme, {view}"] = _queries(cast["administrator"], f"{address}?view={view}")
    assert counts == PINNED, "if this is as it should be, review query_counts.json"


def _queries(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200, address
    return len(queries)
