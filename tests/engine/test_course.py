"""How runs end: every outcome, on a real folder and a real database."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from schoolkeeper.calendars import freezes
from schoolkeeper.engine import holding, stages
from schoolkeeper.engine.approvals import decide
from schoolkeeper.engine.models import Hold, WriterLock
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.failpoints import InjectedFailure
from schoolkeeper.records import evidence
from schoolkeeper.records.models import (
    EvidenceRecord,
    FindingRecord,
    LatestMeasurement,
    LedgerEntry,
    Run,
    StepRecord,
)
from tests.engine.conftest import Carrier, Shelf, ShelfFacts, ShelfOptions


def names(shelf: Path) -> list[str]:
    return sorted(path.name for path in shelf.iterdir())


def open_codes() -> set[str]:
    return set(FindingRecord.objects.filter(resolved_at=None).values_list("code", flat=True))


def test_ok(carrier: Carrier, shelf: Path) -> None:
    run = carrier.run()
    assert (run.state, run.outcome, run.says) == ("ended", "ok", "3 steps done. Nothing to report.")
    assert names(shelf) == ["0", "1", "2"]
    assert set(run.steps.values_list("state", flat=True)) == {"done"}
    assert LatestMeasurement.objects.get(name="shelf.files_count").value == 3
    assert not WriterLock.objects.exists()
    assert list(LedgerEntry.objects.values_list("kind", flat=True)) == [
        "run.requested", "run.started", "run.assessed_before", "run.planned",
        *["step.started", "step.done"] * 3, "run.assessed_after", "run.ended",
    ]  # fmt: skip


def test_nothing_to_do(carrier: Carrier) -> None:
    carrier.run()
    assert carrier.run().outcome == "nothing_to_do"


def test_could_not_look_is_unknown_and_resolves_nothing(carrier: Carrier, shelf: Path) -> None:
    carrier.run(trouble={"put 0": "permanent"})
    assert open_codes() == {"test.shelf.short", "test.shelf.failed"}
    run = carrier.run(trouble={"assess": "unreachable"})
    assert (run.outcome, run.says) == ("unknown", "shelf: the door is locked")
    assert open_codes() == {"test.shelf.short", "test.shelf.failed", "test.shelf.unknown"}
    assert carrier.run().outcome == "ok"
    assert open_codes() == set()


@pytest.mark.parametrize(
    ("kind", "outcome", "calls"),
    [("permanent", "failed", 1), ("unforeseen", "errored", 3), ("temporary", "failed", 3)],
)
def test_a_broken_step_is_taken_back(carrier: Carrier, shelf: Path, kind: str, outcome: str, calls: int) -> None:
    run = carrier.run(trouble={"put 1": kind})
    assert run.outcome == outcome
    assert "What had been done was taken back." in run.says
    assert names(shelf) == []
    assert Shelf.calls.count("put 1") == calls
    assert list(run.steps.values_list("state", flat=True)) == ["undone", "undone", "planned"]
    assert open_codes() == {"test.shelf.short", "test.shelf.failed"}
    assert carrier.engine.waits == {"permanent": [], "unforeseen": [1, 1], "temporary": [7, 7]}[kind]


def test_what_does_not_verify_is_undone(carrier: Carrier, shelf: Path) -> None:
    run = carrier.run(trouble={"wrong": "yes"})
    assert (run.outcome, run.says) == ("undone", "Not as promised. What had been done was taken back.")
    assert names(shelf) == []


def test_what_cannot_be_taken_back_locks_the_system(carrier: Carrier, shelf: Path) -> None:
    run = carrier.run(trouble={"put 1": "permanent", "remove 0": "permanent"})
    assert run.outcome == "undo_failed"
    assert Hold.objects.get().run == run
    later = carrier.run()
    assert later.outcome == "refused"
    assert f"Run {run.pk} could not be taken back" in later.says


def test_one_writer_per_system(carrier: Carrier) -> None:
    first, second = carrier.ask(), carrier.ask()
    WriterLock.objects.create(system="test-college", run=first, taken_at=first.requested_at)
    assert carrier.carry_out(second).outcome == "refused"
    assert WriterLock.objects.get().run == first
    assert carrier.carry_out(first).outcome == "ok"


def test_a_worker_that_dies_as_a_run_ends_leaves_no_lock_behind(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends another's broken run does so in no workflow, so nobody does the rest of it later."""
    run = carrier.ask()
    WriterLock.objects.create(system="test-college", run=run, taken_at=run.requested_at)

    def die(key: str) -> None:
        raise InjectedFailure

    with monkeypatch.context() as patch:
        patch.setattr(holding, "release", die)
        with pytest.raises(InjectedFailure):
            stages.conclude(str(run.key), "errored", "The engine broke.")
    run.refresh_from_db()
    assert run.state != Run.State.ENDED or not WriterLock.objects.exists()
    assert stages.conclude(str(run.key), "errored", "The engine broke.") == "errored"
    assert not WriterLock.objects.exists()


def test_a_restore_point_is_demanded(carrier: Carrier) -> None:
    run = carrier.run("test.restored")
    assert run.outcome == "refused"
    assert "no backup set proven" in run.says


def test_a_run_that_has_ended_stays_as_it_is(carrier: Carrier, shelf: Path) -> None:
    run = carrier.run()
    steps, calls = list(StepRecord.objects.values()), list(Shelf.calls)
    for step in run.steps.all():
        assert stages.perform(str(run.key), step.key) is None
    assert stages.conclude(str(run.key), "errored", "again") == "ok"
    assert (list(StepRecord.objects.values()), Shelf.calls) == (steps, calls)
    assert LedgerEntry.objects.filter(kind="run.ended").count() == 1


def test_a_step_that_was_killed_halfway_is_done_again(carrier: Carrier, shelf: Path) -> None:
    run = carrier.ask()
    key = str(run.key)
    stages.begin(key)
    stages.assess(key, "before")
    stages.decide(key)
    StepRecord.objects.filter(key="put:0").update(state="started", attempts=1, started_at=run.requested_at)
    (shelf / "0").touch()
    assert stages.perform(key, "put:0") is None
    step = StepRecord.objects.get(key="put:0")
    assert (step.state, step.attempts) == ("done", 2)


@pytest.mark.parametrize(
    ("kind", "outcome"), [("unforeseen", "errored"), ("temporary", "unknown"), ("permanent", "failed")]
)
def test_a_run_that_could_not_look_resolves_nothing(carrier: Carrier, kind: str, outcome: str) -> None:
    carrier.run(trouble={"put 0": "permanent"})
    before = open_codes()
    assert carrier.run(trouble={"assess": kind}).outcome == outcome
    assert open_codes() >= before


def test_what_was_undone_is_neither_measured_nor_resolved(carrier: Carrier) -> None:
    carrier.run(trouble={"put 0": "permanent"})
    assert carrier.run(trouble={"wrong": "yes"}).outcome == "undone"
    assert "test.shelf.short" in open_codes()
    assert not LatestMeasurement.objects.exists()


def test_taking_back_is_tried_again(carrier: Carrier, shelf: Path) -> None:
    run = carrier.run(trouble={"put 1": "permanent", "remove 0": "temporary"})
    assert run.outcome == "undo_failed"
    assert Shelf.calls.count("remove 0") == 3


def test_a_run_goes_no_further_when_its_target_was_exchanged(
    carrier: Carrier, shelf: Path, tmp_path: Path
) -> None:
    run = carrier.ask()
    key = str(run.key)
    stages.begin(key)
    stages.assess(key, "before")
    stages.decide(key)
    record = SystemRecord.objects.get()
    record.definition["components"]["shelf"]["path"] = str(tmp_path)
    record.save()
    failure = stages.perform(key, "put:0")
    assert failure is not None
    assert "changed since this run looked" in failure["says"]
    assert not (tmp_path / "0").exists()


class TestAWorkerThatWasDeadAfterThePermission:
    """Two days pass between the gate's yes and the first step."""

    @pytest.fixture(autouse=True)
    def _home(self, settings: Any, tmp_path: Path) -> None:
        """Of its own, because the file that says who changed a system when outlives a test."""
        settings.SCHOOLKEEPER_HOME = tmp_path / "home"

    def go(self, carrier: Carrier, monkeypatch: pytest.MonkeyPatch, task: str = "test.shelf") -> Run:
        run = carrier.ask(task, by="keeper")
        if task != "test.shelf":
            decide(carrier.carry_out(run), by="head", grant=True, reason="", now=timezone.now())
        permit = stages.permit

        def permit_and_die(key: str) -> stages.Answer:
            answer = permit(key)
            assert answer["answer"] == "go"
            clock.shift(timedelta(days=2))
            return answer

        monkeypatch.setattr(stages, "permit", permit_and_die)
        with time_machine.travel(timezone.now()) as clock:
            return carrier.carry_out(run)

    def test_a_freeze_has_begun(self, carrier: Carrier, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        now = timezone.now()
        begin = now + timedelta(days=1)
        freezes.declare(
            kind="hard", title="Exams", starts_at=begin, ends_at=begin + timedelta(days=9), by="head", now=now
        )
        run = self.go(carrier, monkeypatch)
        assert (run.outcome, run.refused_by, names(shelf)) == ("refused", "freeze", [])
        assert not WriterLock.objects.exists()

    def test_the_approval_has_expired(
        self, carrier: Carrier, shelf: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = self.go(carrier, monkeypatch, "test.dangerous")
        assert (run.outcome, run.refused_by, names(shelf)) == ("refused", "approval", [])

    def test_nothing_stands_against_it(
        self, carrier: Carrier, shelf: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.go(carrier, monkeypatch).outcome == "ok"

    def test_what_has_begun_is_brought_to_its_end(self, carrier: Carrier, shelf: Path) -> None:
        run, now = carrier.ask(), timezone.now()
        key = str(run.key)
        for stage in (stages.begin, lambda key: stages.assess(key, "before"), stages.decide, stages.permit):
            stage(key)
        assert stages.perform(key, "put:0") is None
        end = now + timedelta(days=9)
        freezes.declare(kind="hard", title="Exams", starts_at=now, ends_at=end, by="head", now=now)
        assert stages.perform(key, "put:1") is None
        assert names(shelf) == ["0", "1"]


def test_a_second_leg_of_a_run_that_has_ended_does_nothing(carrier: Carrier) -> None:
    run = carrier.run()
    calls, steps = list(Shelf.calls), list(StepRecord.objects.values())
    assert carrier.carry_out(run).outcome == "ok"
    assert (Shelf.calls, list(StepRecord.objects.values())) == (calls, steps)


def test_a_run_that_broke_in_the_middle_of_a_change_locks_the_system(carrier: Carrier) -> None:
    run = carrier.ask()
    key = str(run.key)
    stages.begin(key)
    stages.assess(key, "before")
    stages.decide(key)
    assert not stages.has_begun_to_change(key)
    stages.perform(key, "put:0")
    assert stages.has_begun_to_change(key)


def test_what_postgres_cannot_store_is_replaced(carrier: Carrier) -> None:
    carrier.run(trouble={"put 0": "nul"})
    finding = FindingRecord.objects.get(code="test.shelf.failed")
    assert finding.says.startswith("broken \ufffd text")


def test_an_old_proof_a_failed_one_and_one_of_a_set_that_is_gone_are_no_restore_point(carrier: Carrier) -> None:
    proved, now = carrier.run(), timezone.now()

    def proof(holds: bool, taken_hours_ago: int, said_minutes_ago: int) -> str:
        taken_at = (now - timedelta(hours=taken_hours_ago)).isoformat()
        EvidenceRecord.objects.create(
            system="test-college", kind="proof", key=f"set {said_minutes_ago}", holds=holds, says="", run=proved,
            data={"taken_at": taken_at}, at=now - timedelta(minutes=said_minutes_ago),
        )  # fmt: skip
        return carrier.run("test.restored", wanted=9 - said_minutes_ago).outcome

    assert proof(holds=True, taken_hours_ago=100, said_minutes_ago=5) == "refused"
    assert proof(holds=True, taken_hours_ago=1, said_minutes_ago=4) == "ok"
    reading = Evidence("verification", "backups", False, "", {"gone": ["set 2"]})
    evidence.keep(proved, [reading], now)
    assert proof(holds=True, taken_hours_ago=1, said_minutes_ago=2) == "refused", "the set is not there any more"
    assert proof(holds=False, taken_hours_ago=1, said_minutes_ago=3) == "refused"


def test_a_change_is_told_with_the_facts_from_before(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(self: Shelf, before: ShelfFacts, after: ShelfFacts, options: ShelfOptions) -> Sequence[Evidence]:
        new = sorted({*after.names} - {*before.names})
        return [Evidence("filling", "shelf", True, f"{len(new)} were put there.", {"new": new})]

    monkeypatch.setattr(Shelf, "evidence_of_change", told)
    assert carrier.run(wanted=2).says == "2 were put there."
    assert EvidenceRecord.objects.get().data == {"new": ["0", "1"]}
    carrier.run(wanted=2)
    assert EvidenceRecord.objects.count() == 1, "nothing was changed"
    carrier.run(wanted=3, trouble={"wrong": "yes"})
    assert EvidenceRecord.objects.count() == 1, "what was taken back is no evidence"
