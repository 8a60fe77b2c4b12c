"""What a change moves is what it does move."""

from datetime import time

import pytest
from django.contrib.auth.models import User

from schoolkeeper.programme.entries import change, entry_of, faults_of, usual_of
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.moving import moving
from tests.programme.school import at, look_ahead, take

pytestmark = pytest.mark.django_db
NOW, TASK = at("2026-03-01 00:00"), "health.database"


def test_what_was_told_is_what_happens() -> None:
    take()
    look_ahead(NOW)
    entry = entry_of("north-college", TASK)
    values = {"rule": "FREQ=WEEKLY;BYDAY=MO", "at": time(6)}
    told = moving(entry, values, NOW)
    assert told is not None
    before = set(Occurrence.objects.filter(entry=entry).values_list("due_at", flat=True))
    changed = change("north-college", TASK, values, by="keeper", now=NOW)
    after = set(Occurrence.objects.filter(entry=entry).values_list("due_at", flat=True))
    assert (told.gone, told.kept, told.new) == (len(before - after), len(before & after), len(after - before))
    assert (told.next_before, told.next_after) == (min(before), min(after))
    back = moving(changed, {name: usual_of(changed)[name] for name in values}, NOW)
    assert back is not None
    assert (back.gone, back.new) == (told.new, told.gone)


def test_what_moves_nothing_says_nothing() -> None:
    take()
    look_ahead(NOW)
    assert moving(entry_of("north-college", TASK), {"owner": "amir"}, NOW) is None


def test_an_entry_without_a_rule_has_no_dates() -> None:
    take()
    look_ahead(NOW)
    told = moving(entry_of("north-college", TASK), {"rule": ""}, NOW)
    assert told is not None
    assert (told.kept, told.new, told.next_after) == (0, 0, None)


def test_all_faults_are_told_before_anything_is_done() -> None:
    take()
    look_ahead(NOW)
    faults = faults_of(entry_of("north-college", TASK), {"rule": "nonsense", "priority": 101, "zone": "Moon"})
    assert [fault.partition(":")[0] for fault in faults] == ["rule", "zone", "priority"]


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"owner": "amir", "deputy": "Amir"}, ["deputy: name somebody else"]),
        ({"owner": "bibi"}, ["deputy: name somebody else"]),
        ({"owner": "left"}, ["owner: left cannot sign in any more"]),
        ({"owner": "", "deputy": ""}, []),
        ({"owner": "somebody of the command line"}, []),
        ({"priority": 3}, []),
    ],
)
def test_an_entry_is_of_people_who_are_there_and_of_two(fields: dict[str, object], faults: list[str]) -> None:
    take()
    look_ahead(NOW)
    entry = change("north-college", TASK, {"owner": "left", "deputy": "bibi"}, by="keeper", now=NOW)
    User.objects.create(username="left", is_active=False)
    assert all(said.startswith(told) for said, told in zip(faults_of(entry, fields), faults, strict=True))
