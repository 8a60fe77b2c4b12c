"""A run and a rescue of the same system keep out of each other's way, on one machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.conf import settings

from schoolkeeper.connectors.system import System
from schoolkeeper.connectors.system_lock import OWN_RECORDS, SystemLock
from schoolkeeper.engine import holding, stages
from schoolkeeper.engine.case import open_case
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.profiles.model import Profile
from schoolkeeper.records.models import Run
from schoolkeeper.rescue.course import Rescue
from schoolkeeper.rescue.journal import Journal
from tests.engine.conftest import Carrier, Shelf, ShelfOptions


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    for key, *_ in list(holding._held.values()):
        holding.release(key)
    for path in (settings.SCHOOLKEEPER_HOME / "locks").glob("*"):
        path.unlink()


def rescued(
    tmp_path: Path, wanted: int = 3, *, replaces_own: bool = False, told: list[str] | None = None
) -> Rescue:
    system: System = find("test-college")
    home, progress = settings.SCHOOLKEEPER_HOME, [] if told is None else told
    journal = Journal(tmp_path / "rescue" / f"{wanted}.jsonl")
    options, profile = ShelfOptions(wanted=wanted), Profile(slug="test", title="Test")
    return Rescue(
        Shelf(), system, profile, options, home, journal, "m", lambda shown: True, progress.append,
        replaces_own=replaces_own,
    )  # fmt: skip


def begun(carrier: Carrier) -> str:
    """A run that has done its first step of three; its key."""
    key = str(carrier.ask().key)
    stages.begin(key)
    stages.assess(key, "before")
    stages.decide(key)
    assert stages.permit(key) == {"answer": "go", "says": ""}
    assert stages.perform(key, "put:0") is None
    return key


def dies() -> None:
    """What is left when the worker is killed: open files are closed, and nothing is noted."""
    for _, *locks in holding._held.values():
        for lock in locks:
            os.close(lock._descriptor)
    holding._held.clear()


def test_a_run_is_refused_while_somebody_rescues_the_system(carrier: Carrier) -> None:
    lock = SystemLock(settings.SCHOOLKEEPER_HOME, "test-college").take("rescue-a", "the rescue a of m")
    run = carrier.run()
    assert run.outcome == "refused"
    assert "test-college is being changed by the rescue a of m (process " in run.says
    lock.release()
    again = carrier.run()
    assert again.outcome == "ok", again.says


def test_a_rescue_is_refused_while_a_run_changes_the_system(carrier: Carrier, tmp_path: Path) -> None:
    key = begun(carrier)
    run = Run.objects.get(key=key)
    with pytest.raises(Refused, match=rf"is being changed by run {run.pk} \(test.shelf\) \(process "):
        rescued(tmp_path).carry_out()
    for step in ("put:1", "put:2"):
        assert stages.perform(key, step) is None
    stages.conclude(key, None, "")
    assert rescued(tmp_path, 4).carry_out().outcome is Outcome.OK


def test_what_a_killed_worker_left_is_told_and_its_run_does_not_go_on_after_a_rescue(
    carrier: Carrier, shelf: Path, tmp_path: Path
) -> None:
    key, told = begun(carrier), list[str]()
    dies()
    assert rescued(tmp_path, told=told).carry_out().outcome is Outcome.OK
    assert "was broken off in the middle of a change" in told[0]
    failure = stages.perform(key, "put:1")
    assert failure is not None
    assert failure["kind"] == "permanent"
    assert "the rescue 3 of m changed test-college at" in failure["says"]
    assert stages.take_back(key, "put:0") is not None, "nor is what it did taken from under the rescue"
    assert sorted(path.name for path in shelf.iterdir()) == ["0", "1", "2"]


def test_a_run_goes_on_when_nobody_came_in_between(carrier: Carrier) -> None:
    key = begun(carrier)
    dies()
    lock = SystemLock(settings.SCHOOLKEEPER_HOME, "test-college").take("rescue-a", "a rescue that only looked")
    lock.release()
    assert stages.perform(key, "put:1") is None


def test_a_change_from_before_a_clock_was_set_back_keeps_nobody_out(carrier: Carrier) -> None:
    lock = SystemLock(settings.SCHOOLKEEPER_HOME, "test-college")
    with time_machine.travel("2099-01-01 00:00+00:00"):
        lock.take("rescue-a", "the rescue a of m").note_change()
        lock.release()
    run = carrier.run()
    assert run.outcome == "ok", run.says


def test_a_rescue_of_the_records_waits_for_every_run(carrier: Carrier, tmp_path: Path) -> None:
    key = begun(carrier)
    other = rescued(tmp_path, replaces_own=True)
    other.system = other.system.model_copy(update={"slug": "schoolkeeper"})
    with pytest.raises(Refused, match="stop Schoolkeeper first"):
        other.carry_out()
    stages.conclude(key, "failed", "enough")
    SystemLock(settings.SCHOOLKEEPER_HOME, OWN_RECORDS).take("a", "a").release()


def test_the_files_of_a_run_that_another_process_ended_are_let_go(carrier: Carrier) -> None:
    key = begun(carrier)
    Run.objects.filter(key=key).update(state=Run.State.ENDED, outcome="errored")
    holding.release_ended()
    assert SystemLock(settings.SCHOOLKEEPER_HOME, "test-college").take("b", "b").release() is None
    assert open_case(key).run.state == "ended"
