"""What people of each role do between signing in and signing out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from smart_erp.traffic.visitor import Visitor

MARKS = ("present",) * 17 + ("late", "absent", "excused")


def student(visitor: Visitor) -> None:
    """Looks at grades and timetable, and hands in a piece of work."""
    home = visitor.get("/")
    visitor.get("/timetable/")
    section = visitor.one_of(r'href="(/sections/\d+/)"', home)
    page = visitor.get(section)
    works = re.findall(r'action="(/assignments/\d+/hand-in/)"', page)
    if works:
        essay = f"Written by {visitor.username} at {datetime.now(UTC):%Y-%m-%d %H:%M:%S}.\n".encode()
        visitor.post(
            visitor.dice.choice(works),
            {},
            ("essay.txt", essay * visitor.dice.randrange(5, 200), "text/plain"),
        )
    visitor.get(visitor.one_of(r'href="(/students/\d+/)"', home))


def parent(visitor: Visitor) -> None:
    """Looks after the children's grades and the fees."""
    home = visitor.get("/")
    visitor.get(visitor.one_of(r'href="(/students/\d+/)"', home))
    fees = visitor.get("/fees/")
    visitor.get(visitor.one_of(r'href="(/fees/\d+/)"', fees))
    visitor.get("/announcements/")


def teacher(visitor: Visitor) -> None:
    """Takes the register and changes a score."""
    home = visitor.get("/")
    register = visitor.one_of(r'href="(/sections/\d+/attendance/)"', home)
    page = visitor.get(register)
    fields = sorted(set(re.findall(r'name="(mark-\d+)"', page)))
    day = visitor.one_of(r'name="date" value="([\d-]+)"', page)
    visitor.post(register, {"date": day} | {field: visitor.dice.choice(MARKS) for field in fields})
    gradebook = visitor.one_of(r'href="(/sections/\d+/gradebook/)"', home)
    page = visitor.get(gradebook)
    scores = dict(re.findall(r'name="(score-\d+-\d+)"[^>]*value="([\d.]*)"', page))
    if scores:
        scores[visitor.dice.choice(sorted(scores))] = f"{visitor.dice.randrange(800, 2000) / 20:.2f}"
        visitor.post(gradebook, scores)
    visitor.get("/students/")


def accountant(visitor: Visitor) -> None:
    """Books a payment on an open invoice."""
    visitor.get("/")
    page = visitor.get(f"/fees/?show=open&page={visitor.dice.randrange(1, 5)}")
    invoice = visitor.one_of(r'href="(/fees/\d+/)"', page)
    page = visitor.get(invoice)
    open_amount = float(visitor.one_of(r'name="amount" value="([\d.]+)"', page))
    day = visitor.one_of(r'name="received_on" value="([\d-]+)"', page)
    amount = min(open_amount, visitor.dice.choice((10.0, 25.0, 50.0, open_amount)))
    visitor.post(invoice, {"amount": f"{amount:.2f}", "method": "transfer", "received_on": day})


def office(visitor: Visitor) -> None:
    """Searches a student and looks into the records."""
    visitor.get("/")
    page = visitor.get(f"/students/?q={visitor.dice.choice('abcdeghijklmnoprst')}")
    visitor.get(visitor.one_of(r'href="(/students/\d+/)"', page))
    visitor.get("/admin/people/student/")


def lost(visitor: Visitor) -> None:
    """Follows an old link that leads nowhere."""
    visitor.get(f"/old-page-{visitor.dice.randrange(10)}/", expect=404)


JOURNEYS: dict[str, Callable[[Visitor], None]] = {
    "student": student,
    "parent": parent,
    "teacher": teacher,
    "accountant": accountant,
    "registrar": office,
}
