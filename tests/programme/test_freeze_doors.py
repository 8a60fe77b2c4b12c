"""A hundred attempts to change a frozen school, by every door: none succeeds without its override."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from typer.testing import CliRunner

from schoolkeeper.api import tokens
from schoolkeeper.calendars import freezes, overrides
from schoolkeeper.calendars.models import Freeze
from schoolkeeper.catalogue.registry import Catalogue
from schoolkeeper.cli import progress
from schoolkeeper.cli.main import app
from schoolkeeper.engine import course, knowledge
from schoolkeeper.engine.approvals import decide
from schoolkeeper.engine.presence import beat
from schoolkeeper.engine.request import request
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.spec import Cadence, Kind, Risk
from schoolkeeper.programme.entries import change
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.records.models import LedgerEntry, Run
from tests.engine.conftest import PlainEngine, Shelf, shelf
from tests.programme.school import look_ahead, turn

__all__ = ["shelf"]  # a fixture

NOON = datetime(2027, 5, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SYSTEM = "test-college"


class Routine(Shelf):
    """Daily, so that the scheduler does it too."""

    spec = replace(Shelf.spec, id="test.routine", cadence=Cadence.DAILY)


class Disturbing(Shelf):
    spec = replace(Shelf.spec, id="test.disturbing", cadence=Cadence.DAILY, risk=Risk.DISRUPTIVE)


class Repairing(Shelf):
    spec = replace(Disturbing.spec, id="test.repairing", kind=Kind.CORRECTIVE)


class Destroying(Shelf):
    spec = replace(Disturbing.spec, id="test.destroying", risk=Risk.DESTRUCTIVE)


class Looking(Shelf):
    """Tells what it sees and has no plan."""

    spec = replace(Routine.spec, id="test.looking", risk=Risk.READ_ONLY, writes=frozenset())

    def plan(self, facts: object, options: object) -> tuple[()]:
        return ()


TASKS = [Routine(), Disturbing(), Repairing(), Destroying()]
Door = Callable[[str], Run]


class Doors:
    """Every way in which somebody or something asks for a run."""

    def __init__(self, now: datetime) -> None:
        self._user = User.objects.create(username="amir")
        self._user.groups.set([Group.objects.get(name="approver")])
        self._token = tokens.make(self._user, "test", timedelta(days=9), by="test", now=now)
        self._page = Client()
        self._page.force_login(self._user)

    def all(self) -> dict[str, Door]:
        return {
            "scheduler": self.scheduler,
            "command line": self.command_line,
            "API": self.api,
            "page": self.page,
            "incident": self.incident,
        }

    def scheduler(self, task: str) -> Run:
        """As if it were due now, once more."""
        now = datetime.now(UTC)
        entry = Entry.objects.get(task=task)
        Occurrence.objects.filter(entry=entry, state=Occurrence.State.DUE, due_at__lte=now).delete()
        Occurrence.objects.filter(entry=entry, state=Occurrence.State.DUE).exclude(cause="").delete()
        occurrence = Occurrence.objects.create(
            entry=entry,
            due_at=now,
            not_before=now,
            late_at=now + HOUR,
            missed_at=now + HOUR,
            cause=f"attempt {Run.objects.count()}",
        )
        turn(now)
        occurrence.refresh_from_db()
        assert occurrence.run is not None, (task, occurrence.state, occurrence.says)
        return occurrence.run

    def command_line(self, task: str) -> Run:
        beat("worker-1")  # without a worker it asks for nothing
        CliRunner().invoke(app, ["run", task, SYSTEM, "--json"])
        return self._last(task, "command line")

    def api(self, task: str) -> Run:
        answer = Client().post(
            f"/api/v1/systems/{SYSTEM}/runs",
            json.dumps({"task": task, "options": {}}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._token}"},
        )
        assert answer.status_code == 202, answer.content
        return self._last(task, "amir")

    def page(self, task: str) -> Run:
        answer = self._page.post(reverse("admin:ask", args=[SYSTEM, task]), {"wanted": "3", "trouble": "{}"})
        assert answer.status_code == 302, answer.content
        return self._last(task, "amir")

    def incident(self, task: str) -> Run:
        return request(task, SYSTEM, by="incident 7", occasion="the shelf is short")

    @staticmethod
    def _last(task: str, by: str) -> Run:
        run = Run.objects.latest("id")
        assert run.task == task
        assert by in run.requested_by
        assert run.state == Run.State.QUEUED
        return run


def carry_out(run: Run) -> Run:
    """As a worker does; a second person says yes where one is asked."""
    for _ in range(2):
        course.carry_out(PlainEngine(), str(run.key), knowledge.catalogue().find(run.task).spec.risk)
        run = Run.objects.get(pk=run.pk)
        if run.state == Run.State.WAITING:
            decide(run, by="zarina", grant=True, reason="", now=datetime.now(UTC))
    return run


@pytest.fixture
def doors(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """A frozen school at noon, with nothing on its shelf."""
    tasks = [*TASKS, Looking()]
    monkeypatch.setattr(knowledge, "build", lambda listed: Catalogue({task.spec.id: task for task in tasks}))
    knowledge.catalogue.cache_clear()
    # Nobody watches: the test is the worker.
    monkeypatch.setattr(progress, "show", lambda ids, console: (_ for _ in ()).throw(KeyboardInterrupt))
    look_ahead(NOON - HOUR)
    for entry in Entry.objects.all():
        change(SYSTEM, entry.task, {"rule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1"}, by="test", now=NOON)
        if not entry.by_people:
            change(SYSTEM, entry.task, {"catch_up": "skip"}, by="test", now=NOON)
    with time_machine.travel(NOON, tick=False):
        yield Doors(NOON)


def freeze(kind: str) -> None:
    week = timedelta(days=7)
    freezes.declare(
        kind=kind, title="Exams", starts_at=NOON - HOUR, ends_at=NOON + week, by="head", now=NOON, system=SYSTEM
    )


def forbidden(kind: str) -> list[str]:
    return [one.spec.id for one in TASKS if kind == "hard" or one.spec.risk >= Risk.DISRUPTIVE]


def refused_by_the_freeze(run: Run, folder: Path) -> bool:
    return (run.outcome, run.refused_by, list(folder.iterdir())) == ("refused", "freeze", [])


def test_a_hundred_attempts(doors: Doors, shelf: Path) -> None:
    attempts = 0
    for kind in ("soft", "hard"):
        freeze(kind)
        for _, (name, door), task in product(range(3), doors.all().items(), forbidden(kind)):
            run = carry_out(door(task))
            assert refused_by_the_freeze(run, shelf), (kind, name, task, run.says)
            attempts += 1
    assert attempts > 100
    turn(NOON + HOUR)
    missed = Occurrence.objects.filter(state=Occurrence.State.MISSED)
    assert set(missed.values_list("reason", flat=True)) == {"freeze"}
    assert missed.count() == 3 * (3 + 4)


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_looking_goes_on(doors: Doors, kind: str) -> None:
    freeze(kind)
    for name, door in doors.all().items():
        assert carry_out(door("test.looking")).outcome == "failed", f"{name}: it did not see the empty shelf"


def test_what_does_not_disturb_goes_on_in_a_soft_freeze(doors: Doors, shelf: Path) -> None:
    freeze("soft")
    for name, door in doors.all().items():
        assert carry_out(door("test.routine")).outcome == "ok", name
        for file in shelf.iterdir():
            file.unlink()


@pytest.mark.parametrize("name", ["scheduler", "command line", "API", "page", "incident"])
def test_with_an_override_exactly_what_was_allowed_runs(doors: Doors, shelf: Path, name: str) -> None:
    door = doors.all()[name]
    freeze("hard")
    override = overrides.ask(system=SYSTEM, task="test.repairing", reason="the disk dies", by="amir", now=NOON)
    assert refused_by_the_freeze(carry_out(door("test.repairing")), shelf), "asked for, and not granted"
    with pytest.raises(Refused, match="two people"):
        overrides.grant(override.pk, by="Amir (command line)", now=NOON)
    assert refused_by_the_freeze(carry_out(door("test.repairing")), shelf), "granted by the asker"
    overrides.grant(override.pk, by="zarina", now=NOON)
    for task in ("test.routine", "test.disturbing", "test.destroying"):
        assert refused_by_the_freeze(carry_out(door(task)), shelf), task
    assert carry_out(door("test.repairing")).outcome == "ok"
    assert LedgerEntry.objects.filter(kind="override.used", subject="test.repairing").count() == 1


@pytest.mark.parametrize("name", ["scheduler", "command line", "API", "page", "incident"])
def test_an_override_that_is_over(doors: Doors, shelf: Path, name: str) -> None:
    door = doors.all()[name]
    freeze("hard")
    override = overrides.ask(system=SYSTEM, reason="the disk dies", by="amir", now=NOON, lasts=HOUR)
    overrides.grant(override.pk, by="zarina", now=NOON)
    with time_machine.travel(NOON + HOUR, tick=False):
        assert refused_by_the_freeze(carry_out(door("test.routine")), shelf), "expired"
    taken_back = overrides.ask(system=SYSTEM, reason="the disk dies", by="amir", now=NOON)
    overrides.grant(taken_back.pk, by="zarina", now=NOON)
    for one in (override, taken_back):
        overrides.end(one.pk, by="head", reason="it can wait", now=NOON)
    assert refused_by_the_freeze(carry_out(door("test.routine")), shelf), "taken back"


def test_an_override_of_a_freeze_whose_event_has_a_long_title(doors: Doors) -> None:
    """Calendars put whole paragraphs into titles."""
    freeze("hard")
    Freeze.objects.update(title="Examinations of " + "all the classes, " * 28)
    override = overrides.ask(system=SYSTEM, reason="the disk dies", by="amir", now=NOON)
    overrides.grant(override.pk, by="zarina", now=NOON)
    assert carry_out(doors.incident("test.routine")).outcome == "ok"
    assert LedgerEntry.objects.filter(kind="override.used").count() == 1


def test_an_override_of_another_school_opens_nothing(doors: Doors, shelf: Path) -> None:
    freeze("hard")
    override = overrides.ask(system="another-college", reason="the disk dies", by="amir", now=NOON)
    overrides.grant(override.pk, by="zarina", now=NOON)
    assert refused_by_the_freeze(carry_out(doors.incident("test.routine")), shelf)


def test_a_freeze_that_begins_while_a_run_waits_for_its_approval(doors: Doors, shelf: Path) -> None:
    run = doors.page("test.disturbing")
    course.carry_out(PlainEngine(), str(run.key), Risk.DISRUPTIVE)
    freeze("soft")
    decide(run, by="zarina", grant=True, reason="", now=NOON)
    course.carry_out(PlainEngine(), str(run.key), Risk.DISRUPTIVE)
    assert refused_by_the_freeze(Run.objects.get(pk=run.pk), shelf)
