"""What may go on at a time: limits, machines, and who goes first."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.programme.models import Entry, Limit, Occurrence
from schoolkeeper.programme.scheduler import starting
from schoolkeeper.programme.scheduler.load import Due, Load
from schoolkeeper.programme.scheduler.starting import start
from schoolkeeper.records.models import Run
from tests.programme.school import at, take, turn

pytestmark = pytest.mark.django_db
NOON = at("2027-05-03 12:00")
TASKS = ("health.host", "health.database", "database.analyze", "storage.cleanup", "logs.errors")


def school(slug: str, host: str = "", institution: str = "") -> None:
    take(slug, institution=institution)
    record = SystemRecord.objects.get(slug=slug)
    record.definition["components"]["host"]["address"] = host or slug
    record.save()


def due(system: str, task: str, *, priority: int = 50, minutes: int = 0) -> Occurrence:
    """Something that is due since so many minutes."""
    begin = NOON - timedelta(minutes=minutes)
    entry, _ = Entry.objects.get_or_create(
        system=system,
        task=task,
        defaults={
            "at": begin.time(),
            "zone": "UTC",
            "late_after_minutes": 60,
            "missed_after_minutes": 600,
            "priority": priority,
        },
    )
    return Occurrence.objects.create(
        entry=entry,
        due_at=begin,
        not_before=begin,
        late_at=begin + timedelta(hours=1),
        missed_at=begin + timedelta(hours=10),
    )


def limit(scope: str, runs: int, name: str = "") -> None:
    Limit.objects.create(scope=scope, name=name, runs=runs, made_by="test", made_at=NOON)


def started() -> list[tuple[str, str]]:
    return list(Run.objects.order_by("id").values_list("system", "task"))


def two_hundred() -> None:
    """Forty systems with five tasks each: ten on a big machine, ten of an institution, twenty alone."""
    for number in range(40):
        slug = f"s{number:02}"
        school(slug, host="big" if number < 10 else "", institution="Chain" if 10 <= number < 20 else "")
        for task in TASKS:
            due(slug, task)


def test_limits_hold_in_a_round_with_two_hundred_due() -> None:
    two_hundred()
    limit("system", 3)
    limit("system", 1, "s39")
    limit("host", 7, "big")
    limit("institution", 12, "Chain")
    assert turn(NOON).started == sum((7, 12, 19 * 3, 1))
    per_system = Counter(system for system, _ in started())
    assert max(per_system.values()) == 3
    assert per_system["s39"] == 1
    assert sum(per_system[f"s{number:02}"] for number in range(10)) == 7
    assert sum(per_system[f"s{number:02}"] for number in range(10, 20)) == 12
    assert turn(NOON + timedelta(seconds=1)).started == 0
    Run.objects.update(state=Run.State.ENDED, outcome="ok", ended_at=NOON)
    assert turn(NOON + timedelta(seconds=2)).started > 0
    assert max(Counter(Run.objects.exclude(state="ended").values_list("system", flat=True)).values()) <= 3


def test_the_defaults_hold() -> None:
    two_hundred()
    assert start(NOON, workers=9) == 8 + 40 + 20 * 4
    assert max(Counter(system for system, _ in started()).values()) == 4


def test_there_is_room_for_so_many_altogether() -> None:
    two_hundred()
    assert start(NOON, workers=2, backlog_per_worker=15) == 30


def test_priorities_decide_and_then_who_waited_longest() -> None:
    for slug, priority, minutes in (("a", 50, 1), ("b", 50, 9), ("c", 90, 99), ("d", 0, 0), ("e", 50, 9)):
        school(slug)
        due(slug, "health.host", priority=priority, minutes=minutes)
    turn(NOON)
    assert [system for system, _ in started()] == ["d", "b", "e", "a", "c"]


def test_the_most_important_gets_the_only_place() -> None:
    for slug in ("a", "b", "c"):
        school(slug, host="big")
        due(slug, "health.host", priority={"a": 50, "b": 10, "c": 90}[slug])
    limit("host", 1, "big")
    turn(NOON)
    assert started() == [("b", "health.host")]


def test_many_that_wait_for_their_schools_place_do_not_hide_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "AT_ONCE", 3)
    limit("institution", 1, "Crowded")
    for number in range(7):
        school(f"crowded{number}", institution="Crowded")
        due(f"crowded{number}", "health.host", priority=0)
    school("quiet")
    due("quiet", "health.host", priority=99)
    assert turn(NOON).started == 2
    assert ("quiet", "health.host") in started()


def test_runs_that_people_asked_for_take_no_place_of_the_programme() -> None:
    school("a")
    due("a", "health.host")
    limit("system", 1)
    Run.objects.create(system="a", task="health.database", spec_version=1, requested_by="amir", requested_at=NOON)
    assert turn(NOON).started == 1


class TestOneAfterAnother:
    """`after` of a Spec: both due at once, and the second waits."""

    @pytest.fixture(autouse=True)
    def _order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        school("a")
        spec = catalogue()["health.database"].spec
        monkeypatch.setattr(
            type(catalogue()["health.database"]), "spec", replace(spec, after=frozenset({"health.host"}))
        )

    def test_the_second_waits_for_the_first_to_end(self) -> None:
        due("a", "health.database", priority=0)
        due("a", "health.host", priority=99)
        turn(NOON)
        assert started() == [("a", "health.host")]
        assert turn(NOON + timedelta(seconds=1)).started == 0
        Run.objects.update(state=Run.State.ENDED, outcome="ok", ended_at=NOON)
        assert turn(NOON + timedelta(seconds=2)).started == 1

    def test_it_does_not_wait_for_another_systems(self) -> None:
        school("b")
        due("a", "health.database")
        due("b", "health.host")
        assert turn(NOON).started == 2

    def test_it_does_not_wait_for_one_that_is_paused_or_not_due(self) -> None:
        due("a", "health.database")
        first = due("a", "health.host", minutes=-60)
        assert turn(NOON).started == 1
        Occurrence.objects.filter(pk=first.pk).update(due_at=NOON)
        Entry.objects.filter(task="health.host").update(paused=True)
        second = Due(1, 1, "a", "health.database", {}, NOON, "", "UTC")
        load = Load.of(NOON, room=9)
        load.know([second])
        assert load.waiting == set()


@pytest.mark.parametrize(
    ("hosts", "begin"),
    [
        (("one", "one"), 1),
        (("one", "two"), 2),
    ],
)
def test_what_disturbs_one_machine(hosts: tuple[str, str], begin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Load, "_disturbs", staticmethod(lambda spec: spec.id == "database.analyze"))
    for slug, host in zip("ab", hosts, strict=True):
        school(slug, host=host)
        due(slug, "database.analyze")
        due(slug, "health.host")
    assert turn(NOON).started == begin + 2
    assert Counter(task for _, task in started())["database.analyze"] == begin


def test_what_waited_for_room_says_so_in_spite_of_a_short_absence() -> None:
    take("one")
    limit("system", 1)
    due("one", "health.host")
    assert turn(NOON).started == 1
    waits = due("one", "health.database")
    Entry.objects.filter(pk=waits.entry_id).update(missed_after_minutes=60)
    Occurrence.objects.filter(pk=waits.pk).update(missed_at=NOON + timedelta(hours=1))
    for minutes in (4, 8, 20, *range(24, 61, 4)):
        turn(NOON + timedelta(minutes=minutes))
    waits.refresh_from_db()
    assert (waits.state, waits.reason) == (Occurrence.State.MISSED, Occurrence.Reason.NO_CAPACITY)
    assert waits.says.startswith(
        "All that may go on at a time was going on. No worker was there from 2027-05-03 12:08"
    )
