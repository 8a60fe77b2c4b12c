"""What could bring the scheduler out of step: each of these once did, or would have."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.calendars.models import Freeze
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Risk
from schoolkeeper.programme import ahead
from schoolkeeper.programme.entries import change
from schoolkeeper.programme.models import Attachment, Entry, Gap, Occurrence, Pulse
from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP, catch_up, catch_up_one
from schoolkeeper.programme.scheduler.clock import Clock, feel
from schoolkeeper.programme.scheduler.ending import end
from schoolkeeper.programme.scheduler.looking_ahead import in_slices
from schoolkeeper.programme.scheduler.starting import start
from schoolkeeper.programme.scheduler.waiving import waive
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run
from tests.programme.school import at, carry_out, look_ahead, take, turn
from tests.programme.test_scheduler import FIRST, TASK, only, states

pytestmark = pytest.mark.django_db
State, Reason = Occurrence.State, Occurrence.Reason
NOON = at("2026-03-01 12:00")
HOUR = timedelta(hours=1)


def fits_no_more(now: str) -> None:
    definition = SystemRecord.objects.get().definition
    definition["components"].pop("database")
    SystemRecord.objects.update(definition=definition, applied_at=at(now))
    look_ahead(at(now))


def test_an_entry_whose_second_chance_waits_can_be_retired() -> None:
    entry = only(missed_after_minutes=60)
    turn(at("2026-03-01 11:58"))
    turn(at("2026-03-01 13:30"), worker=None)  # makes the second chance, which nobody is there to take
    assert entry.occurrences.filter(state=State.DUE, cause=CATCHING_UP).count() == 1
    fits_no_more("2026-03-01 14:00")
    waived = entry.occurrences.get(state=State.WAIVED)
    assert (waived.cause, waived.waived_by) == (CATCHING_UP, "programme")
    assert not entry.occurrences.filter(state=State.DUE).exists()
    assert LedgerEntry.objects.filter(kind="occurrence.waived").count() == 1


def test_what_is_due_already_does_not_vanish_when_it_fits_no_more() -> None:
    entry = only()
    fits_no_more("2026-03-03 12:30")  # two days late, and three occurrences were due
    assert entry.occurrences.filter(state=State.WAIVED).count() == 3


def missed_one() -> Occurrence:
    """The only one that was missed: nobody was there, and a person is to be asked."""
    entry = only(missed_after_minutes=60, catch_up="ask")
    turn(at("2026-03-01 11:58"))
    turn(at("2026-03-01 13:30"), worker=None)
    return entry.occurrences.get(state=State.MISSED)


def told_as_missed() -> bool:
    return FindingRecord.objects.filter(code=f"{TASK}.missed", resolved_at=None).exists()


def test_to_waive_what_is_only_due_does_not_unsay_what_was_missed() -> None:
    missed = missed_one()
    following = missed.entry.occurrences.filter(state=State.DUE)[0]
    waive(following.pk, by="amir", reason="the server is being moved", now=at("2026-03-01 14:00"))
    assert told_as_missed()
    waive(missed.pk, by="amir", reason="the server was being moved", now=at("2026-03-01 14:00"))
    assert not told_as_missed()


def test_what_cannot_be_waived_says_why() -> None:
    missed = missed_one()
    waive(missed.pk, by="amir", reason="holidays", now=NOON)
    with pytest.raises(Refused, match="is waived already"):
        waive(missed.pk, by="bibi", reason="holidays", now=NOON)
    with pytest.raises(Refused, match="There is no occurrence 0"):
        waive(0, by="bibi", reason="holidays", now=NOON)


def test_the_finding_of_what_was_missed_stays_until_none_is_left() -> None:
    entry = only(missed_after_minutes=60, catch_up="ask")
    turn(at("2026-03-01 11:58"))
    turn(at("2026-03-03 13:30"), worker=None)
    first, second, third = entry.occurrences.filter(state=State.MISSED).order_by("due_at")
    for one in (third, first):
        waive(one.pk, by="amir", reason="the server was being moved", now=at("2026-03-03 14:00"))
        assert "due at 2026-03-02 12:00 UTC" in FindingRecord.objects.get(resolved_at=None).says
    waive(second.pk, by="amir", reason="the server was being moved", now=at("2026-03-03 14:01"))
    assert not told_as_missed()


def test_what_was_made_good_before_keeps_no_finding_open() -> None:
    missed = missed_one()
    turn(at("2026-03-02 12:00"))
    carry_out(at("2026-03-02 12:00"))
    FindingRecord.objects.update(resolved_at=at("2026-03-02 12:01"))  # as a run that succeeds does
    turn(at("2026-03-03 13:30"), worker=None)
    again = missed.entry.occurrences.filter(state=State.MISSED).latest("due_at")
    waive(again.pk, by="amir", reason="the server was being moved", now=at("2026-03-03 14:00"))
    assert not told_as_missed()


def test_what_has_left_the_programme_is_neither_a_finding_nor_caught_up() -> None:
    missed = missed_one()
    fits_no_more("2026-03-01 14:00")
    assert not told_as_missed()
    with pytest.raises(Refused, match="has left the programme"):
        catch_up_one(missed.pk, by="amir", now=at("2026-03-01 14:00"))


def test_what_breaks_after_it_left_the_programme_is_told_in_the_ledger_alone() -> None:
    only()
    turn(NOON)
    fits_no_more("2026-03-01 12:01")
    carry_out(NOON, Outcome.ERRORED)
    turn(NOON + HOUR)
    assert states() == [State.MISSED]
    assert LedgerEntry.objects.filter(kind="occurrence.missed").count() == 1
    assert not told_as_missed()


def test_evidence_attached_ahead_is_kept_when_the_rule_changes() -> None:
    entry = only()
    first = entry.occurrences.order_by("due_at")[0]
    Attachment.objects.create(
        occurrence=first, name="minutes.pdf", sha256="0" * 64, size_bytes=1, added_by="amir", added_at=FIRST
    )
    change("north-college", TASK, {"rule": "FREQ=WEEKLY;BYDAY=MO"}, by="keeper", now=FIRST)
    assert entry.occurrences.filter(pk=first.pk).exists()
    assert entry.occurrences.count() == 1 + 53


def test_a_rule_that_changes_while_another_worker_makes_the_year() -> None:
    stale = only()
    Entry.objects.update(rule="FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1")
    Occurrence.objects.all().delete()
    stale.made_until = None
    assert ahead.make_ahead(FIRST, [stale]) == 0  # it read the entry before the change


def test_a_year_is_made_in_slices() -> None:
    take()
    some = in_slices(lambda: FIRST)
    for _ in range(20):
        some()
    made = Occurrence.objects.count()
    assert made > 366
    assert look_ahead(FIRST) == 0
    assert Occurrence.objects.count() == made


def test_a_definition_that_cannot_be_read_holds_up_nobody() -> None:
    take("a-broken-college")
    take("b-college")
    SystemRecord.objects.filter(slug="a-broken-college").update(definition={"slug": "nothing else"})
    look_ahead(FIRST)
    assert set(Entry.objects.values_list("system", flat=True)) == {"b-college"}


def test_runs_that_wait_for_a_person_hold_up_nobody() -> None:
    entry = only()
    request = {"task": TASK, "system": entry.system, "spec_version": 1, "requested_by": "programme"}
    waiting = (Run(**request, state=Run.State.WAITING, requested_at=FIRST) for _ in range(5))
    Run.objects.bulk_create(waiting)
    assert start(NOON, workers=1, backlog_per_worker=3) == 1


def test_nothing_is_started_while_the_workers_have_enough() -> None:
    entry = only()
    queued = {"task": TASK, "system": entry.system, "spec_version": 1, "requested_by": "programme"}
    Run.objects.bulk_create(Run(**queued, requested_at=FIRST) for _ in range(3))
    assert start(NOON, workers=1, backlog_per_worker=3) == 0


def test_a_run_that_ends_well_while_a_round_looks_is_not_missed() -> None:
    only()
    turn(NOON)
    ended = list[int]()

    def ends_just_after(execute: Any, sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if not ended and "UPDATE programme_occurrence" in sql:
            ended.append(carry_out(NOON))
        return result

    with connection.execute_wrapper(ends_just_after):
        assert end(NOON + HOUR) == 0
    assert end(NOON + HOUR) == len(ended) == 1
    assert states() == [State.DONE]


def test_two_that_were_missed_at_the_same_time_are_caught_up_once() -> None:
    entry = only()
    Occurrence.objects.all().delete()
    for cause in ("", "database.updated 16 to 17"):
        Occurrence.objects.create(
            entry=entry,
            due_at=NOON,
            not_before=NOON,
            late_at=NOON,
            missed_at=NOON + HOUR,
            cause=cause,
            state=State.MISSED,
            says="It was not done.",
            ended_at=NOON + HOUR,
        )
    assert catch_up(NOON + HOUR) == 1
    assert catch_up(NOON + HOUR) == 0
    Occurrence.objects.filter(cause=CATCHING_UP).update(state=State.DONE)
    assert catch_up(NOON + 2 * HOUR) == 0


def freeze(title: str, begin: datetime, hours: float, *, kind: str = "hard", now: datetime = FIRST) -> Freeze:
    return freezes.declare(
        kind=kind,
        title=title,
        starts_at=begin,
        ends_at=begin + hours * HOUR,
        by="amir",
        now=now,
        system="north-college",
    )


def refused_at_noon() -> None:
    """The freeze forbids what is due then, and an hour later it is given a second chance."""
    turn(NOON)
    carry_out(NOON, Outcome.REFUSED)
    Run.objects.update(refused_by="freeze")
    turn(NOON + HOUR)


def test_what_was_missed_in_a_freeze_waits_for_the_end_of_one_that_binds_it() -> None:
    only("database.analyze")
    freeze("Exams", NOON, 2)
    freeze("Term", NOON, 900, kind="soft")
    refused_at_noon()
    assert Occurrence.objects.get(cause=CATCHING_UP).not_before == NOON + 2 * HOUR


def test_what_broke_just_before_nobody_was_there_is_caught_up() -> None:
    only(rule="FREQ=MONTHLY;BYMONTHDAY=1")
    turn(NOON)
    carry_out(NOON, Outcome.ERRORED)
    assert turn(NOON + 70 * HOUR).caught_up == 1
    assert turn(NOON + 71 * HOUR).started == 1


def test_exams_of_which_each_day_is_a_freeze_are_waited_out_together() -> None:
    only("database.analyze")
    for day in range(1, 5):
        freeze(f"Exams, day {day}", at(f"2026-03-0{day} 00:00"), 24)
    refused_at_noon()
    assert Occurrence.objects.get(cause=CATCHING_UP).not_before == at("2026-03-05 00:00")


def frozen_twice(until: str, missed_after_minutes: int = 48 * 60) -> Freeze:
    """Something monthly that waits for the end of one freeze, when another is declared that ends then."""
    only("database.analyze", rule="FREQ=MONTHLY;BYMONTHDAY=1", missed_after_minutes=missed_after_minutes)
    freeze("Exams", NOON, 2)
    refused_at_noon()
    begin = NOON + 2 * HOUR
    resits = freeze("Resits", begin, (at(until) - begin) / HOUR, now=NOON + HOUR)
    assert turn(NOON + 2 * HOUR).started == 0
    return resits


def test_a_second_chance_is_not_spent_on_a_freeze_that_came_later() -> None:
    frozen_twice("2026-03-02 12:00")
    assert turn(at("2026-03-02 11:59")).started == 0
    assert turn(at("2026-03-02 12:00")).started == 1


def test_a_second_chance_comes_soon_after_a_freeze_was_lifted() -> None:
    freeze = frozen_twice("2026-03-02 12:00")
    freezes.lift(freeze.pk, by="head", reason="There are none.", now=NOON + 2 * HOUR)
    assert turn(NOON + 2 * HOUR + timedelta(minutes=5)).started == 1


def test_a_second_chance_that_a_freeze_outlasts_says_so() -> None:
    frozen_twice("2026-04-02 12:00", missed_after_minutes=60)
    for minutes in range(0, 61, 4):
        turn(NOON + 2 * HOUR + timedelta(minutes=minutes))
    second = Occurrence.objects.get(cause=CATCHING_UP)
    assert (second.state, second.reason, second.run) == (State.MISSED, Reason.FREEZE, None)


@pytest.mark.parametrize("zone", ["America", "Mars/Base", "", 7])
def test_what_is_no_zone(zone: object) -> None:
    only()
    with pytest.raises(Invalid, match="IANA"):
        change("north-college", TASK, {"zone": zone}, by="keeper", now=FIRST)


def test_a_change_of_what_fits_no_more_says_so() -> None:
    only()
    definition = SystemRecord.objects.get().definition
    definition["components"].pop("database")
    SystemRecord.objects.update(definition=definition)
    with pytest.raises(Invalid, match="does not fit"):
        change("north-college", TASK, {"rule": None}, by="keeper", now=FIRST)


class TestWindow:
    """`database.analyze` does not disturb, so it is made to."""

    @pytest.fixture(autouse=True)
    def _disturbing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        task = catalogue()["database.analyze"]
        monkeypatch.setattr(windows, "needs_window", lambda spec: spec.id == "database.analyze")
        monkeypatch.setattr(type(task), "spec", replace(task.spec, risk=Risk.DISRUPTIVE))

    def plan(self, starts_at: str, hours: float = 2, allows: Risk = Risk.DISRUPTIVE) -> None:
        begin = at(starts_at)
        windows.plan(
            title="Night",
            starts_at=begin,
            ends_at=begin + hours * HOUR,
            by="amir",
            now=FIRST,
            system="north-college",
            allows=allows,
        )

    def test_what_waits_for_one_begins_with_it(self) -> None:
        only("database.analyze")
        self.plan("2026-03-01 12:03")
        assert turn(NOON).started == 0
        assert Occurrence.objects.get(due_at=NOON).not_before == at("2026-03-01 12:03")
        assert turn(at("2026-03-01 12:02:59")).started == 0
        assert turn(at("2026-03-01 12:03")).started == 1

    def test_what_waits_is_looked_at_again_in_case_one_is_planned(self) -> None:
        only("database.analyze")
        self.plan("2026-03-01 20:00")
        assert turn(NOON).started == 0
        self.plan("2026-03-01 12:01")
        assert turn(at("2026-03-01 12:05")).started == 1

    def test_none_came(self) -> None:
        only("database.analyze", missed_after_minutes=60)
        self.plan("2026-03-01 20:00")
        for minutes in range(0, 61, 4):
            turn(NOON + timedelta(minutes=minutes))
        missed = Occurrence.objects.get(state=State.MISSED)
        assert (missed.reason, missed.ended_at) == (Reason.WINDOW, NOON + HOUR)

    def test_nobody_was_there_while_one_was_open(self) -> None:
        only("database.analyze", missed_after_minutes=60)
        self.plan("2026-03-01 12:10", hours=0.25)
        for minutes in (0, 4, 8, 26, *range(30, 61, 4), 60):
            turn(NOON + timedelta(minutes=minutes))
        assert Occurrence.objects.get(state=State.MISSED).reason == Reason.NO_WORKER

    def test_the_second_chance_comes_with_one_that_allows_it(self) -> None:
        only("database.analyze", missed_after_minutes=60, rule="FREQ=MONTHLY;BYMONTHDAY=1")
        self.plan("2026-03-01 12:00", hours=9, allows=Risk.ROUTINE)
        self.plan("2026-03-08 02:00")
        for minutes in range(0, 61, 4):
            turn(NOON + timedelta(minutes=minutes))
        assert Occurrence.objects.get(cause=CATCHING_UP).not_before == at("2026-03-08 02:00")

    def test_a_short_absence_is_not_the_reason(self) -> None:
        only("database.analyze", missed_after_minutes=60)
        self.plan("2026-03-01 20:00")
        for minutes in (0, 4, 8, 20, 24, 60):
            turn(NOON + timedelta(minutes=minutes))
        assert Gap.objects.count() == 2
        assert Occurrence.objects.get(state=State.MISSED).reason == Reason.WINDOW


def test_a_restart_is_not_to_blame_for_a_night_without_room() -> None:
    entry = only(missed_after_minutes=60)
    for task in ("a", "b", "c", "d"):
        Run.objects.create(
            task=task, system=entry.system, spec_version=1, requested_by="programme", requested_at=NOON
        )
    for minutes in (0, 4, 8, 14, 18, *range(22, 61, 4), 60):
        turn(NOON + timedelta(minutes=minutes))
    assert Gap.objects.count() == 1
    assert Occurrence.objects.get(state=State.MISSED).reason == Reason.NO_CAPACITY


def test_an_absence_that_took_most_of_the_time_is_to_blame() -> None:
    entry = only(missed_after_minutes=60)
    for task in ("a", "b", "c", "d"):
        Run.objects.create(
            task=task, system=entry.system, spec_version=1, requested_by="programme", requested_at=NOON
        )
    for minutes in (0, 4, 8, 60):
        turn(NOON + timedelta(minutes=minutes))
    assert Occurrence.objects.get(state=State.MISSED).reason == Reason.NO_WORKER


def test_what_fell_into_a_jump_of_the_clock_says_so() -> None:
    only(missed_after_minutes=30)
    clock(FIRST + 11 * HOUR, 0)
    clock(FIRST + 13 * HOUR, 1)
    turn_after_jump = turn(FIRST + 13 * HOUR)
    assert turn_after_jump.missed == 1
    missed = Occurrence.objects.get(state=State.MISSED)
    assert (missed.reason, missed.says) == (
        Reason.NO_WORKER,
        "The clock jumped from 2026-03-01 11:00 UTC to 2026-03-01 13:00 UTC, so that time never came.",
    )
    assert states() == [State.MISSED, State.RUNNING]


class TestAClockThatWasFarAhead:
    """By forty days, until somebody set it right a minute later."""

    AHEAD = timedelta(days=40)

    @pytest.fixture
    def entry(self) -> Entry:
        entry = only()
        turn(NOON)
        carry_out(NOON)
        turn(NOON + HOUR)
        assert turn(NOON + self.AHEAD).missed == 39
        carry_out(NOON + self.AHEAD)
        return entry

    def test_what_it_let_be_missed_is_due_again(self, entry: Entry) -> None:
        turn(NOON + 2 * HOUR)
        left = entry.occurrences.filter(cause="", due_at__lt=NOON + self.AHEAD - HOUR)
        assert list(left.values_list("state", flat=True)) == [State.DONE] + [State.DUE] * 39
        assert not left.filter(state=State.DUE).exclude(says="", ended_at=None, caught_up_by=None).exists()
        assert LedgerEntry.objects.get(kind="occurrence.given_back").data == {"occurrences": 39}
        assert turn(NOON + 24 * HOUR).started == 1

    def test_it_is_missed_again_when_nobody_is_there(self, entry: Entry) -> None:
        turn(NOON + 2 * HOUR)
        turn(NOON + 48 * HOUR)
        first = entry.occurrences.get(due_at=NOON + 24 * HOUR)
        told = LedgerEntry.objects.filter(kind="occurrence.missed", data__occurrence=first.pk)
        assert (first.state, told.count()) == (State.MISSED, 2)

    def test_its_finding_is_resolved_by_the_next_success(self, entry: Entry) -> None:
        turn(NOON + 2 * HOUR)
        assert FindingRecord.objects.get(code=f"{TASK}.missed").last_seen == NOON + 2 * HOUR

    def test_what_has_left_the_programme_meanwhile_stays_as_it_is(self, entry: Entry) -> None:
        Entry.objects.update(retired_at=NOON)
        turn(NOON + 2 * HOUR)
        assert entry.occurrences.filter(state=State.MISSED).count() == 39


def clock(now: object, seconds: float, boot: str = "boot", by: str = "worker-1") -> list[str]:
    return [gap.kind for gap in feel(Clock(now, seconds, boot), by)]  # type: ignore[arg-type]


class TestClock:
    def test_as_it_should_be(self) -> None:
        assert clock(NOON, 0) == clock(NOON + timedelta(minutes=4), 240) == []

    @pytest.mark.parametrize(("hours", "kind"), [(2, "forward"), (-1, "backward")])
    def test_a_jump(self, hours: int, kind: str) -> None:
        clock(NOON, 0)
        assert clock(NOON + hours * HOUR, 1) == [kind]
        gap = Gap.objects.get()
        assert gap.until - gap.since == abs(hours) * HOUR - (1 if hours > 0 else -1) * timedelta(seconds=1)
        assert clock(NOON + hours * HOUR + timedelta(seconds=1), 2) == []

    def test_an_absence(self) -> None:
        clock(NOON, 0)
        assert clock(NOON + 72 * HOUR, 72 * 3600) == ["absent"]

    def test_a_jump_during_an_absence_is_told_apart_from_it(self) -> None:
        clock(NOON, 0)
        assert clock(NOON + 74 * HOUR, 72 * 3600) == ["absent", "forward"]
        assert {gap.kind: gap.until - gap.since for gap in Gap.objects.all()} == {
            "absent": 72 * HOUR,
            "forward": 2 * HOUR,
        }

    def test_after_a_new_start_of_the_machine(self) -> None:
        clock(NOON, 5000)
        assert clock(NOON + HOUR, 10, boot="another") == ["absent"]
        assert clock(NOON - HOUR, 10, boot="a third") == ["backward"]
        assert clock(NOON - HOUR + timedelta(seconds=1), 11, boot="a third") == []
        assert Pulse.objects.count() == 1  # what a clock told that was wrong is forgotten

    def test_two_machines_whose_clocks_differ_are_told_once(self) -> None:
        told = []
        for second in range(0, 600, 5):
            now = NOON + timedelta(seconds=second)
            told += clock(now, second, boot="one")
            told += clock(now + timedelta(seconds=90), 7000 + second, boot="two")
        assert told == []

    def test_the_absence_of_one_of_two_is_none(self) -> None:
        clock(NOON, 0, boot="one")
        clock(NOON, 0, boot="two")
        for minute in range(1, 30):
            assert clock(NOON + timedelta(minutes=minute), minute * 60, boot="two") == []
        assert clock(NOON + timedelta(minutes=30), 1800, boot="one") == []
