"""Sources read again and again: what is kept, what follows, what is said when it cannot be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schoolkeeper.calendars import freezes
from schoolkeeper.calendars.academic import events, reading, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource, Freeze
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.kernel.finding import Level
from schoolkeeper.records.models import LedgerEntry
from tests.calendars.academic.texts import calendar, event
from tests.programme.school import take

pytestmark = pytest.mark.django_db
SCHOOL, DAY = "North College", timedelta(days=1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXAMS = event("exams", "Final exams", "20260601", "DTEND;VALUE=DATE:20260613")
HOLIDAY = event("spring", "Spring break", "20260321", "DTEND;VALUE=DATE:20260329")


@pytest.fixture(autouse=True)
def school() -> None:
    take(zone="Asia/Tashkent", institution=SCHOOL)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "school.ics"
    path.write_text(calendar(EXAMS, HOLIDAY))
    return path


def source_of(file: Path) -> CalendarSource:
    source = sources.add(institution=SCHOOL, title="School", address=str(file), by="keeper", now=NOW)
    return reading.read(source.pk, NOW)


def titles() -> list[str]:
    return list(AcademicEvent.objects.order_by("starts_at").values_list("title", flat=True))


def told(kind: str) -> list[dict[str, Any]]:
    return list(LedgerEntry.objects.filter(kind=kind).order_by("sequence").values_list("data", flat=True))


def test_events_and_their_freezes_come_from_the_file(file: Path) -> None:
    source = source_of(file)
    assert sources.level_of(source, NOW)[0] is Level.OK
    assert [(one.title, one.category) for one in AcademicEvent.objects.order_by("starts_at")] == [
        ("Spring break", "holiday"),
        ("Final exams", "exams"),
    ]
    freeze = Freeze.objects.get()
    assert (freeze.kind, freeze.institution, freeze.title) == ("hard", SCHOOL, "Final exams")
    # Midnight in Tashkent is 19:00 UTC of the day before.
    assert (freeze.starts_at, freeze.ends_at) == (
        datetime(2026, 5, 31, 19, tzinfo=UTC),
        datetime(2026, 6, 12, 19, tzinfo=UTC),
    )
    assert freezes.in_force(find("north-college"), datetime(2026, 6, 5, tzinfo=UTC)) == [freeze]
    assert told("calendar.read")[0]["new"] == 2
    assert told("freeze.declared")[0]["because"] == "exams: Final exams"


def test_reading_the_same_again_changes_and_tells_nothing(file: Path) -> None:
    source = source_of(file)
    before = LedgerEntry.objects.count()
    reading.read(source.pk, NOW + DAY)
    assert LedgerEntry.objects.count() == before
    assert sources.get(source.pk).read_at == NOW + DAY


def test_a_freeze_follows_its_event(file: Path) -> None:
    source = source_of(file)
    file.write_text(calendar(EXAMS.replace("20260601", "20260608").replace("20260613", "20260620")))
    reading.read(source.pk, NOW + DAY)
    freeze = Freeze.objects.get()
    assert freeze.starts_at == datetime(2026, 6, 7, 19, tzinfo=UTC)
    (moved,) = told("freeze.changed")
    assert (moved["was_starts_at"], moved["starts_at"]) == (
        "2026-05-31T19:00:00+00:00",
        "2026-06-07T19:00:00+00:00",
    )


def test_what_vanishes_takes_its_freeze_along(file: Path) -> None:
    source = source_of(file)
    file.write_text(calendar(HOLIDAY))
    reading.read(source.pk, NOW + DAY)
    assert titles() == ["Spring break"]
    assert not Freeze.objects.exists()
    assert told("freeze.withdrawn")[0]["title"] == "Final exams"
    assert told("calendar.read")[-1]["vanished"] == 1


def test_what_has_begun_stays_though_the_source_is_silent(file: Path) -> None:
    source = source_of(file)
    file.write_text(calendar(event("later", "Concert", "20260901")))
    reading.read(source.pk, datetime(2026, 6, 5, tzinfo=UTC))
    assert titles() == ["Spring break", "Final exams", "Concert"]
    assert freezes.in_force(find("north-college"), datetime(2026, 6, 5, tzinfo=UTC))


def test_what_was_lifted_by_hand_stays_lifted(file: Path) -> None:
    source = source_of(file)
    freezes.lift(Freeze.objects.get().pk, by="head", reason="Written elsewhere this year.", now=NOW)
    file.write_text(calendar(EXAMS.replace("20260601", "20260602")))
    reading.read(source.pk, NOW + DAY)
    freeze = Freeze.objects.get()
    assert freeze.lifted_by == "head"
    assert freeze.starts_at == datetime(2026, 6, 1, 19, tzinfo=UTC)
    assert not freezes.in_force(find("north-college"), datetime(2026, 6, 5, tzinfo=UTC))


def test_a_corrected_category_survives_whatever_the_source_does(file: Path) -> None:
    weekly = event("weekly", "Examination board meets", "20260302", "RRULE:FREQ=WEEKLY;COUNT=4")
    file.write_text(calendar(weekly, HOLIDAY))
    source = source_of(file)
    assert Freeze.objects.count() == 4
    wrong = AcademicEvent.objects.filter(series="weekly").earliest("starts_at")
    events.correct(wrong.pk, "other", by="registrar", now=NOW)
    assert not Freeze.objects.exists()
    file.write_text(calendar(HOLIDAY))
    reading.read(source.pk, NOW)
    file.write_text(calendar(weekly.replace("COUNT=4", "COUNT=6").replace("board", "committee"), HOLIDAY))
    reading.read(source.pk, NOW)
    assert set(AcademicEvent.objects.filter(series="weekly").values_list("category", flat=True)) == {"other"}
    assert AcademicEvent.objects.filter(series="weekly").count() == 6
    assert not Freeze.objects.exists()


def test_a_source_that_cannot_be_read_keeps_its_events_and_is_unknown(file: Path) -> None:
    source = source_of(file)
    for damage in (lambda: file.write_text("<html>Sign in"), lambda: file.unlink()):
        damage()
        source = reading.read(source.pk, NOW + DAY)
        level, says = sources.level_of(source, NOW + DAY)
        assert level is Level.UNKNOWN
        assert source.fault in says
        assert titles() == ["Spring break", "Final exams"]
        assert Freeze.objects.count() == 1
    reading.read(source.pk, NOW + 2 * DAY)
    assert [entry["fault"][:28] for entry in told("calendar.unread")] == [
        "line 1: this is a web page; ",
        f"{file} is no file"[:28],
    ]
    file.write_text(calendar(EXAMS))
    source = reading.read(source.pk, NOW + 3 * DAY)
    assert sources.level_of(source, NOW + 3 * DAY)[0] is Level.OK


def test_what_nobody_reads_any_more_is_unknown(file: Path) -> None:
    source = source_of(file)
    assert sources.level_of(source, NOW + 3 * DAY)[0] is Level.UNKNOWN
    fresh = sources.add(institution=SCHOOL, title="New", country="UZ", by="keeper", now=NOW)
    assert sources.level_of(fresh, NOW) == (Level.UNKNOWN, "It has not been read yet.")


def test_the_round_reads_each_source_once_in_a_while(file: Path) -> None:
    source_of(file)
    sources.add(institution=SCHOOL, title="Holidays", country="uz", by="keeper", now=NOW)
    assert reading.read_due(NOW) == 1
    assert reading.read_due(NOW + timedelta(hours=5)) == 0
    assert reading.read_due(NOW + timedelta(hours=7)) == 2
    file.unlink()
    assert reading.read_due(NOW + timedelta(hours=14)) == 2
    assert reading.read_due(NOW + timedelta(hours=15, minutes=1)) == 1


@pytest.mark.parametrize("language", ["C", "uz", "en_GB"])
def test_public_holidays(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the language of the worker's surroundings."""
    monkeypatch.setenv("LANGUAGE", language)
    source = sources.add(institution=SCHOOL, title="Holidays", country="uz", by="keeper", now=NOW)
    reading.read(source.pk, NOW)
    nowruz = AcademicEvent.objects.get(title="Nowruz", starts_at__year=2026)
    assert (nowruz.category, nowruz.all_day) == ("holiday", True)
    assert nowruz.starts_at == datetime(2026, 3, 20, 19, tzinfo=UTC)
    assert AcademicEvent.objects.filter(title="Nowruz").count() == 3
    assert not Freeze.objects.exists()


def test_an_uploaded_text_is_checked_at_once_and_can_be_replaced() -> None:
    with pytest.raises(Invalid, match="line 4: 'Exams' has no DTSTART"):
        sources.add(
            institution=SCHOOL, title="Upload", content=calendar("UID:a\nSUMMARY:Exams"), by="keeper", now=NOW
        )
    source = sources.add(institution=SCHOOL, title="Upload", content=calendar(EXAMS), by="keeper", now=NOW)
    reading.read_due(NOW)
    with pytest.raises(Invalid, match="begins with BEGIN:VCALENDAR"):
        sources.replace(source.pk, "nonsense", by="keeper", now=NOW)
    sources.replace(source.pk, calendar(HOLIDAY), by="keeper", now=NOW)
    reading.read_due(NOW)
    assert titles() == ["Spring break"]


def test_all_faults_of_a_source() -> None:
    for given, said in [
        ({"title": " ", "address": "http://x"}, {"title", "address"}),
        ({"title": "A"}, {"address"}),
        ({"title": "A", "country": "UZ", "address": "/srv/x.ics"}, {"address"}),
        ({"title": "A", "country": "XX"}, {"country"}),
        ({"title": "A", "country": "DE", "subdivision": "QQ"}, {"subdivision"}),
    ]:
        with pytest.raises(Invalid) as caught:
            sources.add(institution=SCHOOL, by="keeper", now=NOW, **given)  # type: ignore[arg-type]
        assert {fault.partition(":")[0] for fault in caught.value.faults} == said


def test_removing_a_source_removes_its_events_and_frees_what_they_froze(file: Path) -> None:
    source = source_of(file)
    with pytest.raises(Refused, match="Say why"):
        sources.remove(source.pk, by="keeper", reason="", now=NOW)
    sources.remove(source.pk, by="keeper", reason="The school moved to another calendar.", now=NOW)
    assert not AcademicEvent.objects.exists()
    assert not Freeze.objects.exists()
    assert str(file) not in str(list(LedgerEntry.objects.values_list("data", flat=True)))
