"""A run knows which backup sets should be in the store."""

from datetime import UTC, datetime

from schoolkeeper.engine.case import open_case
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.records import evidence
from schoolkeeper.records.models import Run, StepRecord
from tests.engine.conftest import Carrier

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


def take(run: Run, key: str, *, holds: bool = True) -> None:
    evidence.keep(run, [Evidence("backup-set", key, holds, "A set.", {})], NOW)


def remove(run: Run, key: str, state: StepRecord.State, store: str = "backups") -> None:
    action = {"verb": "remove", "arguments": {"store": store, "set": key}}
    position = run.steps.count() + 1
    StepRecord.objects.create(run=run, position=position, key=f"remove:{key}", says="", action=action, state=state)


def expected(run: Run) -> frozenset[str]:
    ask = open_case(str(run.key)).context().recorded_sets
    assert ask is not None
    return ask()


def test_what_was_taken_and_not_removed_by_rule_should_be_there(carrier: Carrier) -> None:
    run = carrier.run()
    assert expected(run) == frozenset()
    for key in ("kept", "removed", "half removed", "about to go", "removed elsewhere"):
        take(run, key)
    take(run, "damaged", holds=False)
    prune = Run.objects.create(
        system=run.system, task="backup.prune", spec_version=1, requested_by="t", occasion="t", requested_at=NOW
    )
    remove(prune, "removed", StepRecord.State.DONE)
    remove(prune, "half removed", StepRecord.State.FAILED)
    remove(prune, "about to go", StepRecord.State.PLANNED)
    remove(prune, "removed elsewhere", StepRecord.State.DONE, store="far")
    assert expected(run) == {"kept", "about to go", "removed elsewhere"}


def test_another_system_has_its_own(carrier: Carrier) -> None:
    run = carrier.run()
    other = Run.objects.create(
        system="other", task="backup.create", spec_version=1, requested_by="t", occasion="t", requested_at=NOW
    )
    take(other, "theirs")
    assert expected(run) == frozenset()
