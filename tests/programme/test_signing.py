"""Duties: who may sign them off, what must be said, what proves it, and that it stands in the ledger."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme import attachments, duties
from schoolkeeper.programme.entries import change
from schoolkeeper.programme.models import Attachment, Occurrence, SignOff
from schoolkeeper.programme.scheduler.catching_up import catch_up_one
from schoolkeeper.programme.scheduler.waiving import waive
from schoolkeeper.programme.signing import Answer, sign_off
from schoolkeeper.records.models import FindingRecord, LedgerEntry
from tests.programme.school import at, look_ahead, take, turn

pytestmark = pytest.mark.django_db
REVIEW, AUDIT = "duty.findings_review", "duty.system_audit"
MONDAY = at("2026-03-02 09:00")
State = Occurrence.State


@pytest.fixture
def review() -> Occurrence:
    return due(REVIEW)


@pytest.fixture
def audit() -> Occurrence:
    return due(AUDIT)


def due(duty: str) -> Occurrence:
    take()
    look_ahead(at("2026-03-01 00:00"))
    change("north-college", duty, {"owner": "amir", "deputy": "bibi"}, by="keeper", now=at("2026-03-01 00:00"))
    return Occurrence.objects.filter(entry__task=duty).order_by("due_at").select_related("entry")[0]


def yes_to_all(duty: str) -> list[Answer]:
    found = duties.find(duty)
    assert found
    return [Answer(item, True) for item in found.checklist]


def attach(occurrence: Occurrence, home: Path, content: bytes = b"seen", name: str = "report.pdf") -> Attachment:
    return attachments.attach(occurrence.pk, name, [content], home=home, by="amir", has_role=False, now=MONDAY)


def sign(occurrence: Occurrence, by: str = "amir", *, has_role: bool = False, hours: float = 1) -> SignOff:
    now = MONDAY + timedelta(hours=hours)
    return sign_off(occurrence.pk, yes_to_all(occurrence.entry.task), by=by, has_role=has_role, now=now)


@pytest.mark.parametrize(("by", "has_role"), [("amir", False), ("bibi", False), ("keeper", True)])
def test_owner_deputy_or_keeper_sign_it_off(by: str, has_role: bool, review: Occurrence) -> None:
    signed = sign(review, by, has_role=has_role)
    review.refresh_from_db()
    assert (review.state, signed.by) == (State.DONE, by)
    entry = LedgerEntry.objects.get(kind="duty.signed")
    assert (entry.actor, entry.subject, entry.data["not_done"]) == (by, REVIEW, 0)
    with pytest.raises(Refused, match="done already"):
        sign(review, by, has_role=has_role)


def test_it_is_nobody_elses(review: Occurrence) -> None:
    with pytest.raises(Refused, match="for amir or bibi"):
        sign(review, "somebody")
    change("north-college", REVIEW, {"owner": "", "deputy": ""}, by="keeper", now=MONDAY)
    with pytest.raises(Refused, match="no owner yet"):
        sign(review, "")


def test_everything_that_is_missing_is_said_at_once(audit: Occurrence) -> None:
    answers = yes_to_all(AUDIT)[1:]
    answers[0] = Answer(answers[0].item, False, " ")
    with pytest.raises(Invalid) as caught:
        sign_off(audit.pk, [*answers, Answer("made up", True)], by="amir", has_role=False, now=MONDAY)
    said = [fault.partition(":")[0] for fault in caught.value.faults]
    assert said == ["1", "2", "answers", "attachments"]
    assert not SignOff.objects.exists()


def test_a_no_with_a_note_is_an_answer(review: Occurrence) -> None:
    answers = yes_to_all(REVIEW)
    answers[0] = Answer(answers[0].item, False, "Bibi does it tomorrow")
    signed = sign_off(review.pk, answers, by="amir", has_role=False, now=MONDAY)
    assert signed.answers[0] == {"item": answers[0].item, "done": False, "note": "Bibi does it tomorrow"}
    assert LedgerEntry.objects.get(kind="duty.signed").data["not_done"] == 1


def test_a_proof_is_kept_under_its_digest_and_named_in_the_ledger(audit: Occurrence, tmp_path: Path) -> None:
    attached = attach(audit, tmp_path, name="..\\secret/../report.pdf")
    digest = hashlib.sha256(b"seen").hexdigest()
    assert (attached.name, attached.sha256, attached.size_bytes) == ("report.pdf", digest, 4)
    path = attachments.path_of(tmp_path, digest)
    assert path.read_bytes() == b"seen"
    assert path.stat().st_mode & 0o077 == 0
    assert LedgerEntry.objects.get(kind="duty.attached").data["sha256"] == digest
    sign(audit)
    assert LedgerEntry.objects.get(kind="duty.signed").data["attachments"] == [digest]
    with pytest.raises(Refused, match="signed off"):
        attach(audit, tmp_path)
    assert attachments.is_intact(tmp_path, attached)
    path.write_bytes(b"else")
    assert not attachments.is_intact(tmp_path, attached)
    path.unlink()
    assert not attachments.is_intact(tmp_path, attached)


def test_what_is_not_there_is_not_signed_off() -> None:
    with pytest.raises(Refused, match="no such occurrence"):
        sign_off(0, [], by="amir", has_role=True, now=MONDAY)


def test_what_is_too_large_or_empty_leaves_nothing_behind(
    audit: Occurrence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "LARGEST_BYTES", 3)
    with pytest.raises(Refused, match="larger than"):
        attach(audit, tmp_path)
    with pytest.raises(Refused, match="empty"):
        attach(audit, tmp_path, b"")
    assert not Attachment.objects.exists()
    assert not list((tmp_path / "attachments").glob(".arriving-*"))


def test_who_may_not_sign_may_not_attach(audit: Occurrence, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="for amir or bibi"):
        attachments.attach(audit.pk, "x", [b"x"], home=tmp_path, by="x", has_role=False, now=MONDAY)
    assert not (tmp_path / "attachments").exists()


def test_what_was_missed_is_done_late_by_it_and_its_finding_goes(review: Occurrence) -> None:
    turn(MONDAY + timedelta(days=6, hours=1))
    review.refresh_from_db()
    assert review.state == State.MISSED
    assert FindingRecord.objects.filter(code=f"{REVIEW}.missed", resolved_at=None).exists()
    sign(review, hours=6 * 24 + 2)
    review.refresh_from_db()
    assert review.state == State.LATE
    assert not FindingRecord.objects.filter(code=f"{REVIEW}.missed", resolved_at=None).exists()


def test_to_sign_off_an_older_one_does_not_unsay_that_a_newer_one_was_missed(review: Occurrence) -> None:
    week = timedelta(days=7)
    turn(MONDAY + 2 * week)
    first, *_, last = Occurrence.objects.filter(state=State.MISSED, entry__task=REVIEW).order_by("due_at")
    told = FindingRecord.objects.filter(code=f"{REVIEW}.missed", resolved_at=None)
    sign(first, hours=15 * 24)
    assert told.exists()
    sign(last, hours=15 * 24)
    assert not told.exists()


def test_what_is_being_caught_up_is_signed_there(review: Occurrence) -> None:
    turn(MONDAY + timedelta(days=6, hours=1))
    again = catch_up_one(review.pk, by="keeper", now=MONDAY + timedelta(days=6, hours=2))
    with pytest.raises(Refused, match=f"occurrence {again.pk}"):
        sign(review, hours=6 * 24 + 3)
    sign(again, hours=6 * 24 + 3)
    again.refresh_from_db()
    assert again.state == State.LATE


def test_it_is_not_signed_for_next_year_nor_after_it_was_waived(review: Occurrence) -> None:
    with pytest.raises(Refused, match="14 days before"):
        sign(review, hours=-15 * 24)
    sign(Occurrence.objects.filter(entry__task=REVIEW).order_by("due_at")[1], hours=-24)
    waive(review.pk, by="keeper", reason="holidays", now=MONDAY)
    with pytest.raises(Refused, match="waived already"):
        sign(review)


def test_what_machines_do_is_not_signed_off(review: Occurrence) -> None:
    run = Occurrence.objects.filter(entry__by_people=False)[0]
    with pytest.raises(Refused, match="Only what people do"):
        sign_off(run.pk, [], by="amir", has_role=True, now=MONDAY)
