"""A government changes its clocks: what was made ahead by the old rules moves with them, exactly once."""

import shutil
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from schoolkeeper.calendars import clock_rules, recurrence, series
from schoolkeeper.calendars.clock_rules import rules_of
from schoolkeeper.calendars.models import Window
from schoolkeeper.programme.entries import change
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.records.models import LedgerEntry
from tests.programme.school import at, look_ahead, take

pytestmark = pytest.mark.django_db
NOW = at("2027-03-01 00:00")
ZONE = "Test/Lakeside"


@pytest.fixture
def government(tmp_path: Path) -> Iterator[Path]:
    """The file of rules of a zone, which at first are those of Berlin."""
    for name in ("UTC", "Asia/Tashkent"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(files("tzdata.zoneinfo").joinpath(name).read_bytes())
    rules = tmp_path / ZONE
    rules.parent.mkdir()
    decree(rules, "Europe/Berlin")
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    yield rules
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    recurrence.forget()
    clock_rules._of_hour.cache_clear()
    shutil.rmtree(tmp_path / "Test")


def decree(rules: Path, like: str) -> None:
    """The clock there goes as it does elsewhere, from now on."""
    rules.write_bytes(files("tzdata.zoneinfo").joinpath(like).read_bytes())


def nights(task: str = "health.host") -> list[datetime]:
    rows = Occurrence.objects.filter(entry__task=task, state=Occurrence.State.DUE)
    return list(rows.order_by("due_at").values_list("due_at", flat=True))


def test_the_programme_follows(government: Path) -> None:
    take(zone=ZONE)
    look_ahead(NOW)
    change("north-college", "health.host", {"at": time(2)}, by="keeper", now=NOW)
    summer = datetime(2027, 7, 1, tzinfo=UTC)
    assert summer in nights()
    before = len(nights())
    decree(government, "Africa/Lagos")  # as Berlin in winter, without a summer time
    later = NOW + timedelta(hours=1)
    look_ahead(later)
    made = nights()
    assert summer not in made
    assert summer + timedelta(hours=1) in made
    assert len(made) == len(set(made)) == before
    (told,) = LedgerEntry.objects.filter(kind="clock.rules_changed")
    assert told.subject == ZONE
    look_ahead(later + timedelta(hours=1))
    assert nights() == made
    assert LedgerEntry.objects.filter(kind="clock.rules_changed").count() == 1


def test_windows_that_repeat_follow(government: Path) -> None:
    take(zone=ZONE)
    series.begin(
        title="Care", rule="FREQ=WEEKLY;BYDAY=SU", at=time(2, 30), zone=ZONE, minutes=60, by="keeper", now=NOW
    )
    july = Window.objects.get(starts_at__date=date(2027, 7, 4))
    assert july.starts_at == at("2027-07-04 00:30")
    decree(government, "Africa/Lagos")
    series.make_ahead(NOW + timedelta(hours=1))
    assert Window.objects.get(starts_at__date=date(2027, 7, 4)).starts_at == at("2027-07-04 01:30")
    count = Window.objects.count()
    series.make_ahead(NOW + timedelta(hours=2))
    assert Window.objects.count() == count


def test_the_same_rules_in_another_file_move_nothing(government: Path) -> None:
    before = rules_of(ZONE, NOW)
    decree(government, "Europe/Vienna")
    assert rules_of(ZONE, NOW + timedelta(hours=1)) == before
    decree(government, "Europe/Lisbon")
    assert rules_of(ZONE, NOW + timedelta(hours=1)) == before, "it is looked up once an hour"
    assert rules_of(ZONE, NOW + timedelta(hours=2)) != before
