"""Rows of the office: fees, announcements, excuses, and sessions that ended long ago."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import timedelta

from smart_erp.generator import fees
from smart_erp.generator.blueprint import Blueprint, Table
from smart_erp.generator.teaching import at

ANNOUNCEMENTS = (
    (None, "Welcome to the new school year", "Lessons begin on the first of September at 8:30."),
    ("teacher", "Staff meeting", "The first meeting of the term is on Thursday at 15:00 in room R101."),
    (
        "parent",
        "Parents' evening",
        "Class teachers are in school from 17:00. Please book a time with the office.",
    ),
    (None, "Library hours", "The library is open until 18:00 from Monday to Thursday."),
    (
        "student",
        "Science fair",
        "Hand in your idea by the end of the month; teams of two to four are welcome.",
    ),
    ("parent", "Fees of the second term", "Invoices are ready on the fees page and are due in thirty days."),
    ("accountant", "End of the quarter", "Please close all bookings of the quarter by Friday noon."),
    (None, "Sports day", "Bring water and a hat. Lessons end at 12:00 on that day."),
    ("teacher", "Grades of the second term", "All grades are to be entered two weeks before the term ends."),
    (None, "Summer holidays", "The school office stays open on weekday mornings during the holidays."),
)
REASONS = (
    "Family celebration",
    "Medical appointment",
    "Sports competition",
    "Visit to relatives",
    "Music contest",
)


def tables(blueprint: Blueprint, groups: Mapping[str, int], features: frozenset[str]) -> Iterator[Table]:
    yield from _fees(blueprint)
    start = blueprint.calendar.starts_on
    yield Table(
        "announcement",
        "id, title, body, audience_id, author_id, published_at",
        (
            (
                number,
                title,
                body,
                groups[role] if role else None,
                1,
                at(start + timedelta(days=28 * number - 30), 5),
            )
            for number, (role, title, body) in enumerate(ANNOUNCEMENTS, 1)
        ),
    )
    if "excuses" in features:
        yield Table(
            "attendance_excuse",
            "id, student_id, filed_by_id, first_day, last_day, reason, status, decided_by_id, filed_at",
            _excuses(blueprint),
        )
    yield Table("django_session", "session_key, session_data, expire_date", _expired_sessions(blueprint))


def _fees(blueprint: Blueprint) -> Iterator[Table]:
    invoices = list(fees.invoices(blueprint.plan.size.students, blueprint.calendar, blueprint.plan.seed))
    yield Table(
        "invoice",
        "id, number, student_id, issued_on, due_on, total_amount, paid_amount",
        (
            (one.id, one.number, one.student, one.issued_on, one.due_on, _money(one.total), _money(one.paid))
            for one in invoices
        ),
    )
    lines = ((invoice.id, *line) for invoice in invoices for line in invoice.lines)
    yield Table(
        "invoice_line",
        "id, invoice_id, description, amount",
        ((number, invoice, text, _money(cents)) for number, (invoice, text, cents) in enumerate(lines, 1)),
    )
    accountant = blueprint.people.accountant.user
    payments = ((invoice.id, *payment) for invoice in invoices for payment in invoice.payments)
    yield Table(
        "payment",
        "id, invoice_id, amount, method, received_on, booked_by_id, booked_at",
        (
            (number, invoice, _money(cents), method, day, accountant, at(day + timedelta(days=1), 7))
            for number, (invoice, cents, method, day) in enumerate(payments, 1)
        ),
    )


def _excuses(blueprint: Blueprint) -> Iterator[tuple[object, ...]]:
    dice = blueprint.dice("excuses")
    for number in range(1, blueprint.plan.size.students // 10 + 1):
        student = dice.randrange(blueprint.plan.size.students)
        day = dice.choice(blueprint.days)
        status = dice.choice(("accepted", "accepted", "declined", "waiting"))
        yield (
            *(
                number,
                student + 1,
                blueprint.people.guardian_of[student],
                day,
                day + timedelta(days=dice.randrange(3)),
            ),
            *(
                dice.choice(REASONS),
                status,
                None if status == "waiting" else 2,
                at(day - timedelta(days=6), 15),
            ),
        )


def _expired_sessions(blueprint: Blueprint) -> Iterator[tuple[object, ...]]:
    """Sessions of the weeks before the school year; nobody can resume them, as no key has signed them."""
    dice = blueprint.dice("sessions")
    for _ in range(blueprint.plan.size.expired_sessions):
        key = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=32))
        ended_at = at(blueprint.calendar.starts_on - timedelta(days=dice.randrange(1, 60)), dice.randrange(24))
        yield key, base64.urlsafe_b64encode(dice.randbytes(150)).decode(), ended_at


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
