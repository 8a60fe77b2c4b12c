"""From a due time to a final state."""

from datetime import timedelta

import pytest

from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.programme.entries import change, entry_of, pause
from schoolkeeper.programme.models import Entry, Gap, Occurrence
from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP
from schoolkeeper.records.models import FindingRecord, LedgerEntry, Run
from tests.programme.school import at, carry_out, look_ahead, take, turn

pytestmark = pytest.mark.django_db
TASK, FIRST = "health.database", at("2026-03-01 00:00")
State = Occurrence.State


def only(task: str = TASK, **fields: object) -> Entry:
    """A programme of one entry, by UTC and at noon, so that a test sees what it does."""
    take()
    look_ahead(FIRST)
    Occurrence.objects.exclude(entry__task=task).delete()
    Entry.objects.exclude(task=task).delete()
    values = {"rule": "FREQ=DAILY", "at": at("2026-01-01 12:00").time(), **fields}
    return change("north-college", task, values, by="keeper", now=FIRST)


def states() -> list[str]:
    return list(Occurrence.objects.exclude(state=State.DUE).values_list("state", flat=True))


def test_a_year_is_made_ahead_once() -> None:
    entry = only()
    assert entry.occurrences.count() == 366
    assert look_ahead(FIRST) == 0
    assert look_ahead(FIRST + timedelta(days=8)) == 8
    assert entry.occurrences.count() == 374


def test_what_is_due_is_started_once_and_ends() -> None:
    only()
    assert turn(at("2026-03-01 11:59")).started == 0
    assert turn(at("2026-03-01 12:00")).started == 1
    assert turn(at("2026-03-01 12:00")).started == 0
    assert Run.objects.get().occasion == "programme 2026-03-01 12:00 UTC"
    carry_out(at("2026-03-01 12:00"))
    assert turn(at("2026-03-01 12:02")).ended == 1
    occurrence = Occurrence.objects.get(state=State.DONE)
    assert (occurrence.due_at, occurrence.run) == (at("2026-03-01 12:00"), Run.objects.get())


def test_a_second_start_of_the_same_meets_the_same_run() -> None:
    only()
    turn(at("2026-03-01 12:00"))
    Occurrence.objects.filter(state=State.RUNNING).update(state=State.DUE, run=None)  # as if that had been lost
    turn(at("2026-03-01 12:01"))
    assert Run.objects.count() == 1


def test_what_ends_late_says_so() -> None:
    only(late_after_minutes=30)
    turn(at("2026-03-01 12:00"))
    carry_out(at("2026-03-01 12:00"), took=timedelta(minutes=31))
    turn(at("2026-03-01 12:40"))
    assert states() == [State.LATE]


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Outcome.OK, State.DONE, ""),
        (Outcome.NOTHING_TO_DO, State.DONE, ""),
        (Outcome.FAILED, State.DONE, ""),
        (Outcome.REFUSED, State.MISSED, "gate"),
        (Outcome.ERRORED, State.MISSED, "error"),
        (Outcome.UNKNOWN, State.MISSED, "error"),
        (Outcome.UNDO_FAILED, State.MISSED, "error"),
    ],
)
def test_how_a_run_ended_decides(outcome: Outcome, state: str, reason: str) -> None:
    only()
    turn(at("2026-03-01 12:00"))
    carry_out(at("2026-03-01 12:00"), outcome)
    turn(at("2026-03-01 12:02"))
    occurrence = Occurrence.objects.exclude(state=State.DUE).get(cause="")
    assert (occurrence.state, occurrence.reason) == (state, reason)


def test_a_missed_one_is_a_finding_an_entry_in_the_ledger_and_is_caught_up() -> None:
    only(missed_after_minutes=60)
    turn(at("2026-03-01 11:00"))
    turn(at("2026-03-01 12:30"), worker=None)  # the last heartbeat is long ago
    assert turn(at("2026-03-01 13:00"), worker=None).missed == 1
    missed = Occurrence.objects.get(state=State.MISSED)
    assert missed.reason == "no_worker"
    assert FindingRecord.objects.get(resolved_at=None).code == f"{TASK}.missed"
    assert LedgerEntry.objects.get(kind="occurrence.missed").data["reason"] == "no_worker"
    assert turn(at("2026-03-01 13:30")).started == 1
    carry_out(at("2026-03-01 13:30"))
    turn(at("2026-03-01 13:32"))
    missed.refresh_from_db()
    second = missed.caught_up_by
    assert second is not None
    assert (missed.state, second.state, second.cause) == (State.MISSED, State.LATE, CATCHING_UP)


def test_three_dead_days_are_told_one_by_one_and_caught_up_once() -> None:
    only(missed_after_minutes=60)
    turn(at("2026-03-01 12:00"))
    carry_out(at("2026-03-01 12:00"))
    done = turn(at("2026-03-04 20:00"))
    assert (done.ended, done.missed, done.caught_up, done.started) == (1, 3, 1, 1)
    assert {one.reason for one in Occurrence.objects.filter(state=State.MISSED)} == {"no_worker"}
    assert Gap.objects.get().kind == Gap.Kind.ABSENT
    assert FindingRecord.objects.get(code=f"{TASK}.missed").times_seen == 3


@pytest.mark.parametrize("policy", [Entry.CatchUp.SKIP, Entry.CatchUp.ASK])
def test_what_is_not_to_be_caught_up_is_not(policy: str) -> None:
    only(missed_after_minutes=60, catch_up=policy)
    turn(at("2026-03-01 00:00"))
    assert turn(at("2026-03-01 20:00")).caught_up == 0


def test_a_paused_entry_is_waived_in_the_name_of_who_paused_it() -> None:
    only()
    pause("north-college", TASK, by="amir", reason="the server is being moved")
    assert turn(at("2026-03-01 12:00")).waived == 1
    occurrence = Occurrence.objects.get(state=State.WAIVED)
    assert (occurrence.waived_by, occurrence.says) == ("amir", "Paused: the server is being moved")


def test_what_was_started_is_not_moved_when_the_rule_changes() -> None:
    entry = only()
    turn(at("2026-03-01 12:00"))
    change("north-college", TASK, {"rule": "FREQ=WEEKLY;BYDAY=MO"}, by="keeper", now=at("2026-03-01 12:00"))
    assert entry.occurrences.filter(state=State.RUNNING).count() == 1
    assert {one.due_at.weekday() for one in entry.occurrences.filter(state=State.DUE)} == {0}
    change("north-college", TASK, {"rule": None}, by="keeper", now=at("2026-03-01 12:00"))
    assert entry_of("north-college", TASK).rule == "FREQ=DAILY"


def test_an_entry_that_fits_no_more_is_retired_and_comes_back() -> None:
    entry = only("health.host")
    definition = SystemRecord.objects.get().definition
    take(more='[components.web]\nkind = "web"\nurl = "http://127.0.0.1:1"\n')
    look_ahead(FIRST)
    assert Entry.objects.filter(task="health.web", retired_at=None).exists()
    definition["components"].pop("host")
    SystemRecord.objects.update(definition=definition, applied_at=FIRST)
    look_ahead(FIRST)
    entry.refresh_from_db()
    assert entry.retired_at is not None
    assert not entry.occurrences.exists()
    take()
    look_ahead(FIRST)
    entry.refresh_from_db()
    assert entry.retired_at is None
    assert entry.occurrences.count() == 366
