"""The page of one occurrence: why it was missed, what came of it, and what people do about it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from schoolkeeper.programme import attachments, duties
from schoolkeeper.programme.models import Attachment, Entry, Occurrence, SignOff
from tests.controlroom import believable, believable_programme
from tests.controlroom.test_actions import ledger_of
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db
TASK, AUDIT = "database.analyze", "duty.system_audit"
State = Occurrence.State


@pytest.fixture
def missed(system: str, now: datetime) -> Occurrence:
    believable_programme.live(system, now)
    return believable_programme.miss(
        system, TASK, now, "no_worker", "No worker was there from 02:00 to 04:00 UTC."
    )


@pytest.fixture
def audit(system: str, now: datetime) -> Occurrence:
    believable_programme.live(system, now)
    return believable_programme.due(system, AUDIT, now)


def answers(duty: str, answer: str = "yes") -> dict[str, str]:
    found = duties.find(duty)
    assert found
    return {f"item-{number}": answer for number in range(1, len(found.checklist) + 1)}


def test_a_missed_one_tells_why_and_is_caught_up(
    cast: Mapping[str, Client], missed: Occurrence, system: str
) -> None:
    text = text_of(cast["viewer"], "occurrence", missed.pk)
    assert "It was missed: no worker was there" in text
    assert "Catch it up" not in text
    for _ in range(2):  # the second time it is being caught up already
        cast["keeper"].post(reverse("admin:occurrence_catch_up", args=[missed.pk]))
    assert ledger_of("occurrence.caught_up") == [("keeper", system, TASK)]
    missed.refresh_from_db()
    assert missed.caught_up_by
    assert "It is made good by" in text_of(cast["viewer"], "occurrence", missed.pk)
    assert "This is the second attempt of" in text_of(cast["viewer"], "occurrence", missed.caught_up_by.pk)


def test_it_is_waived_with_a_reason(cast: Mapping[str, Client], missed: Occurrence, system: str) -> None:
    address = reverse("admin:occurrence_waive", args=[missed.pk])
    answer = cast["keeper"].post(address, {"reason": " "}, follow=True)
    assert b"Say why" in answer.content
    cast["keeper"].post(address, {"reason": "done by hand at noon"})
    text = text_of(cast["viewer"], "occurrence", missed.pk)
    assert "keeper waived it" in text
    assert "done by hand at noon" in text
    assert ledger_of("occurrence.waived") == [("keeper", system, TASK)]


def test_its_run_and_evidence_are_shown(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    believable_programme.live(system, now)
    with connection.cursor() as cursor:  # a number of a run is no quantity: 12345, not 12,345
        cursor.execute("SELECT setval(pg_get_serial_sequence('records_run', 'id'), 12345)")
    run = believable.ended(system, believable.Told(TASK, "stale"), now)
    believable.backup(system, run, now, None)
    done = believable_programme.with_run(system, TASK, now)
    text = text_of(cast["viewer"], "occurrence", done.pk)
    assert f"Run {run.pk}" in text
    assert "24 tables with 148,210 rows" in text


def test_a_duty_is_proven_and_signed_off_by_its_owner(
    cast: Mapping[str, Client], audit: Occurrence, system: str
) -> None:
    Entry.objects.filter(task=AUDIT).update(owner="viewer")
    owner, place = cast["viewer"], [audit.pk]
    file = SimpleUploadedFile("audit <1>.txt", b"seen")
    owner.post(reverse("admin:occurrence_attach", args=place), {"file": file})
    attached = Attachment.objects.get()
    text = text_of(owner, "occurrence", *place)
    assert attached.sha256 in text
    assert "audit &lt;1&gt;.txt" in text
    answer = owner.post(reverse("admin:occurrence_sign", args=place), {**answers(AUDIT), "note": "All is well"})
    assert answer.status_code == 302
    signed = SignOff.objects.get()
    assert (signed.by, signed.note) == ("viewer", "All is well")
    assert "Signed off by <strong>viewer</strong>" in text_of(cast["auditor"], "occurrence", *place)
    assert ledger_of("duty.attached") == ledger_of("duty.signed") == [("viewer", system, AUDIT)]
    given = cast["auditor"].get(reverse("admin:attachment", args=[attached.pk]))
    assert b"".join(given.streaming_content) == b"seen"  # type: ignore[attr-defined]
    assert given["Content-Disposition"].startswith("attachment")
    assert given["Content-Type"] == "application/octet-stream"


def test_what_is_missing_is_told_and_what_was_filled_in_stays(
    cast: Mapping[str, Client], audit: Occurrence
) -> None:
    given = {**answers(AUDIT), "item-1": "no", "item-2": "", "note-3": "as in October", "note": "nearly"}
    answer = cast["keeper"].post(reverse("admin:occurrence_sign", args=[audit.pk]), given)
    text = answer.content.decode()
    for said in ("1: say why not", "2: answer it with yes or no", "attach what proves it"):
        assert said in text
    for kept in ("as in October", "nearly", 'name="item-1" value="no" checked'):
        assert kept in text
    assert not SignOff.objects.exists()


def test_who_it_does_not_belong_to_may_read_it_only(cast: Mapping[str, Client], audit: Occurrence) -> None:
    text = text_of(cast["viewer"], "occurrence", audit.pk)
    assert "keeper, deputy approver, or a keeper, signs it off." in text
    assert "Sign off</button>" not in text
    answer = cast["viewer"].post(reverse("admin:occurrence_sign", args=[audit.pk]), answers(AUDIT), follow=True)
    assert b"This is for keeper or approver." in answer.content
    file = SimpleUploadedFile("x", b"x")
    answer = cast["viewer"].post(reverse("admin:occurrence_attach", args=[audit.pk]), {"file": file}, follow=True)
    assert b"This is for keeper or approver." in answer.content


def test_an_exchanged_file_is_not_handed_out(cast: Mapping[str, Client], audit: Occurrence, now: datetime) -> None:
    attached = believable_programme.attach(audit, now)
    Path(attachments.path_of(settings.SCHOOLKEEPER_HOME, attached.sha256)).write_bytes(b"else")
    assert "not as it was attached" in text_of(cast["viewer"], "occurrence", audit.pk)
    answer = cast["viewer"].get(reverse("admin:attachment", args=[attached.pk]), follow=True)
    assert b"it is not handed out" in answer.content


def test_one_that_is_not_there_is_not_found(cast: Mapping[str, Client]) -> None:
    assert cast["viewer"].get("/occurrences/999999/").status_code == 404
