"""A believable academic calendar: the registrar's, one that cannot be read, holidays, and an event by hand."""

from datetime import datetime, timedelta

from schoolkeeper.calendars.academic import events, reading, sources
from schoolkeeper.calendars.models import AcademicEvent, CalendarSource


def text(now: datetime) -> str:
    """A year of a school in iCalendar."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//School//Registrar//EN"]
    for number, (title, begins, lasts) in enumerate(
        (
            ("Enrolment for spring", 20, 7),
            ("Winter examinations", 40, 12),
            ("Publication of results", 60, 1),
            ("Spring term", 70, 110),
            ("Open house", 90, 1),
        )
    ):
        first = now + timedelta(days=begins)
        last = first + timedelta(days=lasts)
        lines += [
            "BEGIN:VEVENT",
            f"UID:event-{number}@school",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
            f"DTEND;VALUE=DATE:{last:%Y%m%d}",
            f"SUMMARY:{title}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def fill(institution: str, now: datetime) -> tuple[CalendarSource, AcademicEvent]:
    """All of it for one institution; a source of it and an event that was entered by hand."""
    given = {"institution": institution, "by": "approver", "now": now}
    registrar = sources.add(title="Registrar's calendar", content=text(now), **given)
    sources.add(title="Exam office", address="/srv/calendars/exams.ics", **given)
    sources.add(title="Public holidays", country="UZ", **given)
    for source in CalendarSource.objects.filter(institution=institution):
        reading.read(source.pk, now)
    starts_at, ends_at = events.whole_days(
        institution, (now + timedelta(days=30)).date(), (now + timedelta(days=31)).date()
    )
    by_hand = events.add(
        title="Entrance examination", category="exams", starts_at=starts_at, ends_at=ends_at, all_day=True, **given
    )
    return registrar, by_hand
