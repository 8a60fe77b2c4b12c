"""Approvals: bound to what was approved, by the right person, for a while."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from schoolkeeper.engine.approvals import decide
from schoolkeeper.engine.delegations import delegate
from schoolkeeper.engine.models import Approval
from schoolkeeper.engine.worker import end_unanswered_requests
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records.models import LedgerEntry, Run
from tests.engine.conftest import Carrier, DangerousShelf

TASK = "test.dangerous"


@pytest.fixture
def waiting(carrier: Carrier) -> Run:
    run = carrier.run(TASK)
    assert (run.state, run.outcome) == ("waiting", "")
    return run


def test_granted_by_another_person(carrier: Carrier, waiting: Run, shelf: Path) -> None:
    assert list(shelf.iterdir()) == []
    decide(waiting, by="approver", grant=True, reason="term is over", now=timezone.now())
    run = carrier.carry_out(waiting)
    assert run.outcome == "ok", run.says


def test_denied(carrier: Carrier, waiting: Run, shelf: Path) -> None:
    decide(waiting, by="approver", grant=False, reason="exams", now=timezone.now())
    run = carrier.carry_out(waiting)
    assert (run.outcome, run.says) == ("refused", "approver said no: exams")
    assert list(shelf.iterdir()) == []


def test_a_no_says_why(waiting: Run) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        decide(waiting, by="approver", grant=False, reason=" ", now=timezone.now())


def test_four_eyes(waiting: Run) -> None:
    with pytest.raises(Refused, match="somebody other"):
        decide(waiting, by="keeper", grant=True, reason="", now=timezone.now())


def test_one_person_at_two_doors_is_one_pair_of_eyes(waiting: Run) -> None:
    with pytest.raises(Refused, match="somebody other"):
        decide(waiting, by="keeper (command line)", grant=True, reason="", now=timezone.now())


def test_a_deputy_decides_at_the_command_line_too_but_never_for_who_asked(waiting: Run) -> None:
    now = timezone.now()
    for of in ("keeper", "head"):
        delegate(of=of, to="deputy", starts_at=now, ends_at=now + timedelta(days=1), by=of, now=now)
    deputy = "deputy (command line)"
    with pytest.raises(Refused, match="somebody other"):
        decide(waiting, by=deputy, grant=True, reason="", now=now, instead_of="keeper")
    decide(waiting, by=deputy, grant=True, reason="", now=now, instead_of="head")
    approval = Approval.objects.get(run=waiting)
    assert (approval.decided_by, approval.decided_for) == (deputy, "head")


def test_a_stale_plan_is_refused(carrier: Carrier, waiting: Run, shelf: Path) -> None:
    (shelf / "1").touch()
    decide(waiting, by="approver", grant=True, reason="", now=timezone.now())
    run = carrier.carry_out(waiting)
    assert (run.outcome, run.says) == (
        "refused",
        "The facts or the plan changed since approval was asked for; plan it again.",
    )


def test_what_another_version_of_the_task_would_do_was_not_approved(
    carrier: Carrier, waiting: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(waiting, by="approver", grant=True, reason="", now=timezone.now())
    monkeypatch.setattr(DangerousShelf, "spec", replace(DangerousShelf.spec, version=2))
    run = carrier.carry_out(waiting)
    assert (run.outcome, run.refused_by) == ("refused", "approval")
    assert list(shelf.iterdir()) == []


def test_an_expired_request_cannot_be_granted(waiting: Run) -> None:
    with pytest.raises(Refused, match="expired"):
        decide(waiting, by="approver", grant=True, reason="", now=timezone.now() + timedelta(hours=25))


def test_an_approval_expires(carrier: Carrier, waiting: Run) -> None:
    decide(waiting, by="approver", grant=True, reason="", now=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert carrier.carry_out(waiting).outcome == "refused"


def test_only_a_waiting_run_can_be_decided(carrier: Carrier) -> None:
    with pytest.raises(Refused, match="not waiting"):
        decide(carrier.run(), by="approver", grant=True, reason="", now=timezone.now())


def test_a_decision_stands(waiting: Run) -> None:
    stale = Run.objects.get(pk=waiting.pk)
    decide(waiting, by="approver", grant=False, reason="exams", now=timezone.now())
    with pytest.raises(Refused, match="not waiting"):
        decide(stale, by="head", grant=True, reason="", now=timezone.now())


def test_what_a_worker_ends_while_somebody_decides_stays_ended(
    waiting: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Approval.save

    def ended_meanwhile(approval: Approval) -> None:
        save(approval)
        Run.objects.filter(pk=waiting.pk).update(state=Run.State.ENDED, outcome="refused")

    monkeypatch.setattr(Approval, "save", ended_meanwhile)
    with pytest.raises(Refused, match="not waiting"):
        decide(waiting, by="approver", grant=True, reason="", now=timezone.now())
    assert not LedgerEntry.objects.filter(kind="approval.granted").exists()


def test_a_request_that_nobody_answers_ends(waiting: Run) -> None:
    assert end_unanswered_requests() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert end_unanswered_requests() == 1
    assert Run.objects.get(pk=waiting.pk).outcome == "refused"
