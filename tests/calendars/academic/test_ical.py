"""What calendars say, and what is said of those that are no good."""

import random
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from schoolkeeper.calendars.academic import ical
from schoolkeeper.calendars.academic.found import Found
from schoolkeeper.kernel.errors import Invalid
from tests.calendars.academic.texts import calendar, event

TASHKENT, BERLIN = ZoneInfo("Asia/Tashkent"), ZoneInfo("Europe/Berlin")
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def read(text: str, zone: ZoneInfo = TASHKENT) -> tuple[Found, ...]:
    return ical.read(text, zone, SINCE, UNTIL)


def listed(text: str, zone: ZoneInfo = TASHKENT) -> list[str]:
    return [
        f"{one.title}: {one.starts_at:%Y-%m-%d %H:%M} to {one.ends_at:%Y-%m-%d %H:%M}" for one in read(text, zone)
    ]


def fault(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        read(text)
    return " | ".join(caught.value.faults)


def test_days_begin_and_end_at_local_midnight() -> None:
    text = calendar(event("a", "Exams", "20260601", "DTEND;VALUE=DATE:20260613"), event("b", "Day", "20260701"))
    assert listed(text) == [
        "Exams: 2026-05-31 19:00 to 2026-06-12 19:00",
        "Day: 2026-06-30 19:00 to 2026-07-01 19:00",
    ]
    assert all(one.all_day for one in read(text))


def test_times_with_a_zone_in_utc_and_without_any() -> None:
    text = calendar(
        event("a", "Utc", "20260601T090000Z", "DURATION:PT2H"),
        event("b", "Local", "20260602T090000", "DTEND:20260602T100000"),
        "UID:c\nSUMMARY:Berlin\nDTSTART;TZID=Europe/Berlin:20260603T090000",
    )
    assert listed(text) == [
        "Utc: 2026-06-01 09:00 to 2026-06-01 11:00",
        "Local: 2026-06-02 04:00 to 2026-06-02 05:00",
        "Berlin: 2026-06-03 07:00 to 2026-06-03 07:01",
    ]


def test_repetitions_keep_to_the_wall_clock_and_each_has_a_name() -> None:
    rule = "RRULE:FREQ=MONTHLY;COUNT=3"
    text = calendar(
        f"UID:a\nSUMMARY:Test\nDTSTART;TZID=Europe/Berlin:20260301T090000\n{rule}\n"
        "EXDATE;TZID=Europe/Berlin:20260401T090000",
        "UID:a\nSUMMARY:Moved\nRECURRENCE-ID;TZID=Europe/Berlin:20260501T090000\n"
        "DTSTART;TZID=Europe/Berlin:20260504T090000",
    )
    assert [(one.uid, one.series, f"{one.starts_at:%m-%d %H:%M}") for one in read(text, BERLIN)] == [
        ("a/2026-03-01", "a", "03-01 08:00"),
        ("a/2026-05-01", "a", "05-04 07:00"),
    ]


def test_only_what_touches_the_time_asked_for_and_was_not_called_off() -> None:
    text = calendar(
        event("old", "Over", "20250101"),
        event("long", "Year", "20250901", "DTEND;VALUE=DATE:20260701"),
        event("far", "Far", "20290101"),
        event("off", "Off", "20260601", "STATUS:CANCELLED"),
    )
    assert [one.title for one in read(text)] == ["Year"]


def test_events_without_a_uid_or_with_the_same_one_are_all_kept() -> None:
    text = calendar(
        event("x", "One", "20260601"),
        event("x", "Two", "20260602"),
        "SUMMARY:Three\nDTSTART:20260603T090000Z",
        "SUMMARY:Four\nDTSTART:20260604T090000Z",
    )
    assert [one.title for one in read(text)] == ["One", "Two", "Three", "Four"]
    assert len({one.uid for one in read(text)}) == 4
    assert [one.uid for one in read(text)] == [one.uid for one in read(text)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("DTSTART:2026-13-01", "line 8: DTSTART of 'Exams'"),
        ("DTSTART:20260601T090000Z\nDTEND:20260601T080000Z", "line 9: 'Exams' ends before it begins"),
        ("DTSTART:20260601T090000Z\nDTEND:foo", "line 9: DTEND of 'Exams'"),
        ("DTSTART;TZID=Mars/Base:20260601T090000", "line 8: DTSTART of 'Exams': the zone 'Mars/Base' is unknown"),
        ("DTSTART:20260601T090000Z\nRRULE:FREQ=SOMETIMES", "line 9: RRULE of 'Exams'"),
        (
            "DTSTART:20260601T090000Z\nRRULE:FREQ=DAILY;INTERVAL=0",
            "line 9: RRULE of 'Exams': INTERVAL begins at 1",
        ),
        ("DTSTART:20260601T090000Z\nRRULE:FREQ=SECONDLY", "line 9: RRULE of 'Exams'"),
        ("DTSTART:20260601T090000Z\nRRULE:FREQ=HOURLY", "repeats more often than daily"),
        ("DTSTART:20260601T090000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "it never comes true"),
        ("DTSTART:20260601T090000Z\nDTSTART:20260602T090000Z", "has more than one DTSTART"),
        ("DTSTART:99990601T090000Z", "no date or time between 1900 and 2200"),
        ("LOCATION:Hall", "line 5: 'Exams' has no DTSTART"),
    ],
)
def test_a_fault_names_its_line(more: str, said: str) -> None:
    # A property that goes on in a second line counts as two: the event begins in line 5, `more` in line 8.
    text = calendar(f"UID:a\nSUMMARY:Exams\n{more}")
    assert said in fault(text.replace("PRODID:-//School//EN", "PRODID:-//Scho\r\n ol//EN"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no event"),
        ("x" * 4_000_001, "longer than 4 million letters"),
        ("<!DOCTYPE html><p>Sign in", "this is a web page"),
        ("Dear parents,\nexams begin on Monday", "line 1: an iCalendar file begins with BEGIN:VCALENDAR"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\nExams on Monday\nEND:VCALENDAR", "line 3: no property"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1",
            "line 2: VEVENT begins here and has no END: the file was cut short",
        ),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", "line 3: END:VCALENDAR closes what is not open"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "it holds no event"),
    ],
)
def test_what_is_no_calendar_is_refused_with_the_line(text: str, said: str) -> None:
    assert said in fault(text)


def test_all_faults_are_told_at_once() -> None:
    text = calendar(event("a", "One", "20260601", "DTEND:foo"), "UID:b\nSUMMARY:Two")
    assert fault(text).count("line ") == 2


def test_faults_in_what_tells_no_time_do_not_matter() -> None:
    text = calendar(event("a", "Exams", "20260601", "GEO:nowhere", "PRIORITY:very", "CREATED:long ago"))
    assert [one.title for one in read(text)] == ["Exams"]


def test_too_many_events_are_refused() -> None:
    daily = [event(f"u{number}", "Lesson", "20200101", "RRULE:FREQ=DAILY") for number in range(8)]
    assert "more than 5,000 events" in fault(calendar(*daily))


def test_damaged_calendars_are_read_or_refused_but_never_break() -> None:
    dice = random.Random(7)
    sound = calendar(
        event("a", "Exams", "20260601", "DTEND;VALUE=DATE:20260613", "CATEGORIES:Exams,School"),
        event("b", "Test", "20260601T090000Z", "RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE:20260608T090000Z"),
        "UID:b\nRECURRENCE-ID:20260615T090000Z\nSUMMARY:Moved\nDTSTART:20260616T090000Z\nDURATION:PT1H",
    )
    for _ in range(300):
        text = sound
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(text))
            text = (
                text[:place]
                + dice.choice(["", "\n", ":", ";", "0", "T", "=", "VALUE", text[place:][:9]])
                + text[place + dice.randint(0, 3) :]
            )
        with suppress(Invalid):
            read(text)
