"""A year of three schools in a minute, with everything that goes wrong in one.

The clock is a test's own. Rounds come every quarter of an hour in eventful nights and every twelve hours else.
Runs end as dice say; the dice's seed is printed, and taken from SCHOOLKEEPER_TEST_SEED if that is set.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection

from schoolkeeper.catalogue.registry import Catalogue
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.engine import knowledge
from schoolkeeper.engine.models import Worker
from schoolkeeper.engine.presence import beat
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.failpoints import VARIABLE, InjectedFailure
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo
from schoolkeeper.programme import entries
from schoolkeeper.programme.duties import Duty
from schoolkeeper.programme.models import Entry, Gap, Limit, Occurrence, Pulse
from schoolkeeper.programme.scheduler import looking_ahead
from schoolkeeper.programme.scheduler import round as scheduler
from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP
from schoolkeeper.programme.scheduler.clock import Clock
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run
from tests.programme.almanac import DAY, HOUR, RHYTHMS, ZONES, due_times
from tests.programme.school import take

State, Reason = Occurrence.State, Occurrence.Reason
FIRST, DAYS = datetime(2027, 10, 1, tzinfo=UTC), 366
END = FIRST + DAYS * DAY
LONG, SHORT = timedelta(hours=12), timedelta(minutes=15)
DUTIES = frozenset({15, 29, 35, 37})  # of the rhythms, these are kept by people
NEGLECTED = 15
AFTER = {1: 0, 4: 3}  # these rhythms' tasks come after others
FOLLOWING = frozenset({"test.t01", "test.t04"})
ABSENT = (FIRST + 60 * DAY + 3 * HOUR, FIRST + 63 * DAY + 3 * HOUR)
FORWARD_AT, BACKWARD_AT = datetime(2028, 1, 15, 0, 45, tzinfo=UTC), datetime(2028, 7, 5, 1, 15, tzinfo=UTC)
PAUSED = (FIRST + 100 * DAY, FIRST + 130 * DAY)
RESTARTS = 20
POINTS = [
    *(
        f"programme.round.{name}"
        for name in ("felt", "given_back", "windows", "ended", "waived", "missed", "caught_up", "started")
    ),
    "programme.start.requested",
    "programme.ahead.piece",
]
DICE = {
    Outcome.OK: 180,
    Outcome.NOTHING_TO_DO: 10,
    Outcome.FAILED: 4,
    Outcome.ERRORED: 3,
    Outcome.UNKNOWN: 1,
    Outcome.REFUSED: 2,
}


def name_of(number: int) -> str:
    return f"duty.d{number:02}" if number in DUTIES else f"test.t{number:02}"


def task_of(number: int) -> SystemTask[Options, Facts]:
    class Nothing(SystemTask[Options, Facts]):
        options, facts = Options, Facts
        spec = Spec(
            id=name_of(number),
            version=1,
            title=name_of(number),
            summary="For a year.",
            kind=Kind.PREVENTIVE,
            risk=Risk.READ_ONLY,
            undo=Undo.NOTHING_WRITTEN,
            reads=frozenset({"host"}),
            cadence=Cadence.DAILY,
            requirements=frozenset(),
            after=frozenset({name_of(AFTER[number])} if number in AFTER else ()),
            home=Path(__file__).parent,
        )

        def assess(self, look: Any, options: Options) -> Facts:
            return Facts()

        def judge(self, facts: Facts, options: Options) -> tuple[()]:
            return ()

    return Nothing()


@pytest.fixture
def dice() -> random.Random:
    seed = os.environ.get("SCHOOLKEEPER_TEST_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"SCHOOLKEEPER_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def schools(own_database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Three schools with forty rhythms each: the zone of each."""
    tasks = [task_of(number) for number in range(len(RHYTHMS)) if number not in DUTIES]
    monkeypatch.setattr(knowledge, "BUILTIN", ())
    monkeypatch.setattr(knowledge, "build", lambda listed: Catalogue({task.spec.id: task for task in tasks}))
    knowledge.catalogue.cache_clear()
    kept = [
        Duty(
            id=name_of(number),
            title=name_of(number),
            why="For a year.",
            cadence=Cadence.DAILY,
            minutes=5,
            requirements=frozenset(),
            checklist=("Done.",),
        )
        for number in sorted(DUTIES)
    ]
    monkeypatch.setattr(entries, "duties", lambda: kept)
    zones = {zone.partition("/")[2].lower(): zone for zone in ZONES}
    Limit.objects.create(scope="system", name="", runs=25, made_by="test", made_at=FIRST)
    Limit.objects.create(scope="host", name="", runs=60, made_by="test", made_at=FIRST)
    with time_machine.travel(FIRST, tick=False):
        for slug, zone in zones.items():
            take(slug, zone)
        looking_ahead.look_ahead(FIRST)
        for slug in zones:
            for number, rhythm in enumerate(RHYTHMS):
                # Two days: with two rounds a day, a second chance and the regular one may take turns.
                fields = {"rule": rhythm.rule, "at": rhythm.at, "missed_after_minutes": 48 * 60 - 1}
                entries.change(slug, name_of(number), fields, by="keeper", now=FIRST)
    yield zones
    knowledge.catalogue.cache_clear()


class Year:
    """The world outside the scheduler: clocks, workers, people, and bad luck."""

    def __init__(self, dice: random.Random, monkeypatch: pytest.MonkeyPatch, traveller: Any) -> None:
        self.dice, self.environment, self.traveller = dice, monkeypatch, traveller
        self.now, self.steady = FIRST, 1000.0
        self.carried_out: dict[UUID, Outcome] = {}
        self.restarts, self.next_restart = 0, 5
        self.armed = ""
        beat("worker-1")

    def pass_(self, step: timedelta) -> None:
        """Let time pass with nothing but empty rounds, of which only the pulse remains."""
        self.now, self.steady = self.now + step, self.steady + step.total_seconds()
        self.traveller.move_to(self.now)
        Pulse.objects.update(last_at=self.now - SHORT / 5, monotonic_seconds=self.steady - 180)

    def round(self) -> None:
        """One round, and once more if it breaks at a point where a process might die."""
        Worker.objects.update(heartbeat_at=self.now)
        try:
            self._turn()
        except InjectedFailure:
            self.restarts += 1
            self.environment.delenv(VARIABLE)
            self.armed = ""
            self._turn()

    def _turn(self) -> None:
        if self.now.weekday() == 0 and self.now.hour < 12:
            looking_ahead.look_ahead(self.now)
            with connection.cursor() as cursor:  # a year's dead rows in a minute are too fast for autovacuum
                cursor.execute("VACUUM (ANALYZE) programme_entry, programme_occurrence, records_run")
        assert scheduler.turn(Clock(self.now, self.steady, "boot"), "worker-1") is not None

    def work(self) -> None:
        """The workers carry out what was asked for, each once."""
        fell: dict[Outcome, list[UUID]] = defaultdict(list)
        for key in Run.objects.exclude(state=Run.State.ENDED).order_by("id").values_list("key", flat=True):
            assert key not in self.carried_out
            outcome = self.dice.choices(list(DICE), list(DICE.values()))[0]
            self.carried_out[key] = outcome
            fell[outcome].append(key)
        for outcome, keys in fell.items():
            Run.objects.filter(key__in=keys).update(
                state=Run.State.ENDED,
                outcome=outcome.value,
                says=f"It ended as {outcome.value}.",
                refused_by="hold" if outcome is Outcome.REFUSED else "",
                started_at=self.now,
                ended_at=self.now + timedelta(minutes=self.dice.choice((1, 5, 14))),
            )

    def sign_off(self) -> None:
        """People do their duties, but for one."""
        due = Occurrence.objects.filter(state=State.DUE, not_before__lte=self.now, entry__by_people=True)
        due.exclude(entry__task=name_of(NEGLECTED)).update(state=State.DONE, ended_at=self.now)

    def bad_luck(self, done: float) -> None:
        """Arm a point now and then, so that there are twenty restarts in the year."""
        if (
            not self.armed
            and self.restarts < RESTARTS
            and done * (RESTARTS + 2) > self.restarts + self.dice.random()
        ):
            self.armed = self.dice.choice(POINTS)
            self.environment.setenv(VARIABLE, f"{self.armed}=raise")

    def step(self) -> timedelta:
        """Twelve hours; a quarter of an hour around the changes of the clocks, the jumps and the absence."""
        changes = ((2027, 10, 2, 16), (2027, 10, 31, 1), (2028, 3, 26, 1), (2028, 4, 1, 16))
        special = [*(datetime(*change, tzinfo=UTC) for change in changes), *ABSENT, FORWARD_AT, BACKWARD_AT]
        near = any(abs(self.now - moment) < 4 * HOUR for moment in special)
        return SHORT if near else LONG


def live(year: Year) -> None:
    """Live through the year and the days after it, until everything of it has ended."""
    jumped, returned, absent = False, False, False
    while year.now < END + 4 * DAY:
        year.pass_(year.step())
        if not jumped and year.now >= FORWARD_AT:
            year.now, jumped = year.now + 2 * HOUR, True
        if not returned and year.now >= BACKWARD_AT:
            year.now, returned = year.now - HOUR, True
        if not absent and year.now >= ABSENT[0]:
            away = ABSENT[1] - ABSENT[0]
            year.now, year.steady, absent = year.now + away, year.steady + away.total_seconds(), True
        year.traveller.move_to(year.now)
        for moment, act in ((PAUSED[0], pause), (PAUSED[1], resume)):
            if moment <= year.now < moment + LONG:
                act()
        year.bad_luck((year.now - FIRST) / (END - FIRST))
        year.round()
        year.work()
        year.sign_off()


def pause() -> None:
    entries.pause("berlin", name_of(2), by="amir", reason="the server is being moved")


def resume() -> None:
    entries.resume("berlin", name_of(2), by="amir")


def test_a_year(schools: dict[str, str], dice: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(FIRST, tick=False) as traveller:
        year = Year(dice, monkeypatch, traveller)
        live(year)
    assert year.restarts == RESTARTS
    everything_was_due(schools)
    everything_ended()
    each_ran_once(year)
    each_missed_one_is_told(year)
    what_was_odd_was_noticed()


def everything_was_due(schools: dict[str, str]) -> None:
    """The occurrences are those that arithmetic says, no more, no less, none twice."""
    for slug, zone in schools.items():
        for number, rhythm in enumerate(RHYTHMS):
            rows = Occurrence.objects.filter(entry__system=slug, entry__task=name_of(number), cause="")
            made = list(rows.filter(due_at__lt=END).order_by("due_at").values_list("due_at", flat=True))
            assert made == sorted(set(due_times(rhythm, zone, FIRST, END))), (slug, rhythm)


def of_the_year() -> list[Occurrence]:
    return list(Occurrence.objects.filter(due_at__lt=END).select_related("entry", "run"))


def everything_ended() -> None:
    for one in of_the_year():
        assert one.state in Occurrence.FINAL, (one, one.state)
        if one.run is not None and one.state != State.MISSED:
            is_late = one.run.ended_at > one.late_at  # type: ignore[operator]
            assert one.state == (State.LATE if is_late else State.DONE), one


def each_ran_once(year: Year) -> None:
    runs = [one.run.key for one in of_the_year() if one.run]
    assert len(runs) == len(set(runs))
    assert set(runs) <= year.carried_out.keys()
    assert Run.objects.count() == Occurrence.objects.exclude(run=None).count() == len(year.carried_out)


def each_missed_one_is_told(year: Year) -> None:
    """With the reason that the world outside knows, in the ledger once, and as a finding."""
    noted = Counter(
        LedgerEntry.objects.filter(kind="occurrence.missed").values_list("data__occurrence", flat=True)
    )
    missed = list(Occurrence.objects.filter(state=State.MISSED).select_related("entry", "run"))
    assert noted == Counter(one.pk for one in missed)
    told = Counter(
        {(row.system, row.code): row.times_seen for row in FindingRecord.objects.filter(code__endswith=".missed")}
    )
    assert told == Counter((one.entry.system, f"{one.entry.task}.missed") for one in missed)
    for one in missed:
        assert one.reason == reason_of(one, year), (one, one.reason, one.says)
    reasons = Counter(one.reason for one in missed)
    assert all(reasons[reason] for reason in (Reason.NO_WORKER, Reason.NOBODY, Reason.ERROR, Reason.GATE)), reasons
    waived = Occurrence.objects.filter(state=State.WAIVED)
    expected = sum(
        PAUSED[0] < moment <= PAUSED[1] for moment in due_times(RHYTHMS[2], "Europe/Berlin", FIRST, END)
    )
    assert expected - 1 <= waived.count() <= expected + 1
    assert {(one.entry.task, one.waived_by) for one in waived} == {(name_of(2), "amir")}


def reason_of(one: Occurrence, year: Year) -> str:
    if one.entry.by_people:
        return Reason.NOBODY
    if one.run is None and one.entry.task in FOLLOWING and one.reason == Reason.NO_CAPACITY:
        assert "had not ended" in one.says  # with rounds so rare, the task before it may take a day
        return Reason.NO_CAPACITY
    if one.run is None:
        assert one.due_at < ABSENT[1], one
        assert one.missed_at > ABSENT[0], one
        return Reason.NO_WORKER
    outcome = year.carried_out[one.run.key]
    return Reason.GATE if outcome is Outcome.REFUSED else Reason.ERROR


def what_was_odd_was_noticed() -> None:
    gaps = {gap.kind: gap.until - gap.since for gap in Gap.objects.all()}
    assert Gap.objects.count() == 3
    assert abs(gaps["absent"] - 3 * DAY) < HOUR
    assert abs(gaps["forward"] - 2 * HOUR) < timedelta(minutes=1)
    assert abs(gaps["backward"] - HOUR) < timedelta(minutes=1)
    # Of three dead days each entry is caught up once, not three times.
    second = Occurrence.objects.filter(cause=CATCHING_UP, catches_up__reason=Reason.NO_WORKER)
    assert second.exists()
    per_entry = Counter(second.values_list("entry", flat=True))
    assert set(per_entry.values()) == {1}
    assert Entry.objects.count() == 120
