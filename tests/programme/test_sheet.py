"""A programme as a text: what people set, said once, applied as often as one likes."""

from datetime import time

import pytest

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import entries, sheet
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.records.models import LedgerEntry
from tests.programme.school import at, look_ahead, take

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 04:00")
TEXT = """
[system]
slug = "north-college"

[tasks."database.analyze"]
rule = "FREQ=WEEKLY;BYDAY=SU"
at = "03:15"
owner = "m.karimova"
options = { changed_percent = 5 }

[tasks."duty.policy_review"]
paused = "the head is away"
"""


@pytest.fixture
def north() -> None:
    take()
    look_ahead(NOW)


def apply(text: str, *, dry: bool = False) -> list[str]:
    return list(map(str, sheet.apply(sheet.read(text, "north.toml", NOW), by="test", now=NOW, dry=dry)))


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(Invalid) as raised:
        sheet.read(text, "north.toml", NOW)
    return raised.value.faults


def test_it_says_what_it_changes_and_changes_it_once(north: None) -> None:
    changes = [
        "+ database.analyze.at = '03:15'",
        "+ database.analyze.options = {'changed_percent': 5.0}",
        "+ database.analyze.owner = 'm.karimova'",
        "+ database.analyze.rule = 'FREQ=WEEKLY;BYDAY=SU'",
        "+ duty.policy_review.paused = 'the head is away'",
    ]
    assert apply(TEXT, dry=True) == changes
    assert not LedgerEntry.objects.filter(kind__startswith="programme.").exists()
    assert apply(TEXT) == changes
    assert apply(TEXT) == []
    entry = Entry.objects.get(task="database.analyze")
    assert (entry.rule, entry.at, entry.owner) == ("FREQ=WEEKLY;BYDAY=SU", time(3, 15), "m.karimova")
    weekdays = {due.weekday() for due in Occurrence.objects.filter(entry=entry).values_list("due_at", flat=True)}
    assert weekdays == {6}


def test_what_it_does_not_name_is_as_usual_again(north: None) -> None:
    apply(TEXT)
    changes = apply('[system]\nslug = "north-college"\n')
    assert "- database.analyze.owner (was 'm.karimova')" in changes
    assert "- duty.policy_review.paused (was 'the head is away')" in changes
    assert not any(entry.changed or entry.paused for entry in Entry.objects.all())


def test_what_was_exported_is_applied_without_a_change(north: None) -> None:
    apply(TEXT)
    entries.change("north-college", "health.host", {"priority": 3, "owner": 'q"\\ü'}, by="t", now=NOW)
    text = sheet.export("north-college")
    assert apply(text) == []
    apply('[system]\nslug = "north-college"\n')
    assert len(apply(text)) == 7
    assert sheet.export("north-college") == text


def test_a_text_comes_before_the_first_round_of_a_scheduler() -> None:
    take()
    assert len(apply(TEXT)) == 5


def test_all_faults_are_told_at_once_with_their_places(north: None) -> None:
    found = faults(
        """
[system]
slug = "north-college"
name = "North"

[tasks."database.analyze"]
rule = "FREQ=SECONDLY"
at = "25:00"
zone = "Europe"
owner = 5
priority = true
colour = "red"
options = { changed_percent = "much" }

[tasks."duty.policy_review"]
options = { a = 1 }
paused = ""

[tasks.backup.drill]
at = "02:00"

[task]
"""
    )
    places = {fault.split(": ")[0] + ": " + fault.split(": ")[1] for fault in found}
    assert places == {
        "north.toml:4: system.name",
        "north.toml:7: tasks.database.analyze.rule",
        "north.toml:8: tasks.database.analyze.at",
        "north.toml:9: tasks.database.analyze.zone",
        "north.toml:10: tasks.database.analyze.owner",
        "north.toml:11: tasks.database.analyze.priority",
        "north.toml:12: tasks.database.analyze.colour",
        "north.toml:13: tasks.database.analyze.options",
        "north.toml:16: tasks.duty.policy_review.options",
        "north.toml:17: tasks.duty.policy_review.paused",
        "north.toml:19: tasks.backup",
        "north.toml:22: task",
    }
    assert any("stands in quotes" in fault for fault in found)
    assert not Entry.objects.exclude(changed=[]).exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[system", "not TOML"),
        ("", "begin the file"),
        ('[system]\nslug = "nowhere"', "not in our care"),
        ('[system]\nslug = "north-college"\n[[tasks]]\n', "a table for each task"),
        ('[system]\nslug = "north-college"\n[tasks]\n"backup.drill" = 5', "a table is wanted"),
    ],
)
def test_a_text_that_is_no_programme(north: None, text: str, says: str) -> None:
    assert says in "\n".join(faults(text))
