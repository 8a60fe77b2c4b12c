"""What nobody sends who means well is answered with a clear no, and never breaks anything."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from schoolkeeper.programme.entries import refresh
from schoolkeeper.records.models import LedgerEntry
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
REVIEW = "/systems/north-college/programme/duty.policy_review"
TIMES = '"starts_at": "2099-01-11T00:00:00Z", "ends_at": "2099-01-12T00:00:00Z"'
BODIES = (
    r'{"owner": "a\u0000b"}',
    r'{"options": {"a": ["\u0000"]}}',
    r'{"options": {"\u0000": 1}}',
    r'{"owner": "\ud800"}',
    '{"owner": "\x00"}',
    '{"priority": 1e999}',
    '{"priority": -Infinity}',
    '{"options": {"a": NaN}}',
    '{"priority": 1' + "0" * 5000 + "}",
    '{"priority": 99999999999999999999}',
    '{"options": {"a": ' + "[" * 100 + "]" * 100 + "}}",
    "[" * 100_000,
    '{"zone": "Mars/Olympus"}',
    '{"zone": "../../etc/passwd"}',
    '{"zone": "Europe"}',
    '{"zone": ""}',
    '{"zone": "' + "A" * 299 + '"}',
    '{"at": "24:00"}',
    '{"at": "02:30+05:00"}',
    '{"at": 5}',
    '{"rule": "FREQ=DAILY;UNTIL=99999999T000000Z"}',
    '{"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}',
    '{"rule": "FREQ=DAILY;INTERVAL=99999999999999999999"}',
    '{"rule": "DTSTART:20260101T000000\\nRRULE:FREQ=DAILY"}',
    '{"rule": 7}',
    '{"owner": "line\\nbreak"}',
    '{"owner": ["a"]}',
    '{"catch_up": "RUN"}',
    '{"late_after_minutes": 0}',
    "null",
    "[]",
    '"x"',
    "{",
    "\xff",
)


@pytest.fixture
def planned(system: None) -> Client:
    refresh("north-college", timezone.now())
    return Client(headers={"Authorization": f"Bearer {Program('administrator').token}"})


def send(client: Client, method: str, address: str, body: bytes | str = b"") -> Any:
    answer = client.generic(method, f"/api/v1{address}", body, content_type="application/json")
    assert 400 <= answer.status_code < 500, answer.content
    told = answer.json()
    assert told["detail"]
    return told


@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body[:40]))
def test_a_strange_entry(planned: Client, body: str) -> None:
    before = LedgerEntry.objects.count()
    told = send(planned, "PATCH", REVIEW, body.encode("latin-1"))
    assert told["faults"]
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/freezes", '{"title": "x", "starts_at": "2099-13-01T00:00:00Z", "ends_at": "2099-12-01T00:00:00Z"}'),
        ("/freezes", '{"title": "x", "starts_at": "-2099-01-01T00:00:00Z", "ends_at": 1e18}'),
        ("/freezes", f'{{"title": "{"x" * 250}", {TIMES}}}'),
        ("/windows", f'{{"title": "x", "allows": "nothing", {TIMES}}}'),
        ("/windows", f'{{"title": "x", "system": "north-college\\u0000", {TIMES}}}'),
        ("/overrides", '{"system": "north-college", "reason": "\\u0000"}'),
        ("/overrides", '{"system": "north-college", "reason": "x", "hours": 1e308}'),
        ("/delegations", f'{{"of": "a", "to": "{"b" * 200}", {TIMES}}}'),
        ("/delegations", f'{{"of": "a", "to": "a", {TIMES}}}'),
        ("/systems/north-college/runs", '{"task": "backup.drill", "options": {"set": "\\u0000"}}'),
        ("/systems/north-college/runs", '{"task": "backup.drill", "options": {"proof_age_limit_days": 1e400}}'),
        ("/systems/north-college/runs", '{"task": "\\ud800"}'),
        ("/runs/1/decision", '{"grant": "perhaps"}'),
    ],
)
def test_a_strange_wish(planned: Client, address: str, body: str) -> None:
    assert send(planned, "POST", address, body)["faults"]


@pytest.mark.parametrize(
    "address",
    [
        "/systems/north%00college/findings",
        "/systems/%F0%9F%92%A3/programme",
        "/systems/north-college/backups/%00",
        "/systems/north-college/evidence/%00/%00",
        "/runs?system=%00",
        "/runs?limit=99999999999999999999",
        "/runs/99999999999999999999999",
        "/runs/-1",
        "/runs/x",
        "/agenda?person=%00",
        "/agenda?hours=1e9",
        "/occurrences/9223372036854775808",
        "/systems/north-college/occurrences?since=0000-00-00",
        "/systems/north-college/occurrences?since=2026-01-01T00:00:00Z&until=2028-01-01T00:00:00Z",
        "/freezes?system=%00&over=perhaps",
        "/nothing",
        "/systems/north-college/",
        "/",
    ],
)
def test_a_strange_address(planned: Client, address: str) -> None:
    send(planned, "GET", address)


def test_a_method_that_an_address_does_not_have_is_told_as_any_fault(planned: Client) -> None:
    answer = planned.delete("/api/v1/systems")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert answer.json() == {"detail": "DELETE is not possible here; GET is", "faults": []}


@pytest.mark.parametrize("token", ["", "\x00", "sk_\xe9", "a b c", "x" * 10_000])
def test_a_strange_token(planned: Client, token: str) -> None:
    answer = Client().get("/api/v1/systems", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
