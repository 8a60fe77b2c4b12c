"""Every page, with and without permission, for a fixed cast of people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal

import httpx
import pytest

from tests.smart_erp.erp import Erp, post, sign_in

CAST = ("admin", "registrar01", "accountant01", "teacher0001", "parent00001", "student00001")
# Section 2 is taught by teacher0001 to student00001, whose guardian is parent00001; invoice 1 is theirs.
PAGES = {
    "/": set(CAST),
    "/announcements/": set(CAST),
    "/students/": {"admin", "registrar01", "teacher0001"},
    "/students/1/": {"admin", "registrar01", "teacher0001", "parent00001", "student00001"},
    "/students/299/": {"admin", "registrar01"},
    "/students/1/transcript/": {"admin", "registrar01", "teacher0001", "parent00001", "student00001"},
    "/students/299/transcript/": {"admin", "registrar01"},
    "/sections/2/": {"admin", "registrar01", "teacher0001", "parent00001", "student00001"},
    "/sections/100/": {"admin", "registrar01"},
    "/sections/2/attendance/": {"teacher0001"},
    "/sections/2/gradebook/": {"teacher0001"},
    "/sections/100/attendance/": set(),
    "/sections/100/gradebook/": set(),
    "/timetable/": {"teacher0001", "parent00001", "student00001"},
    "/fees/": {"admin", "accountant01", "parent00001", "student00001"},
    "/fees/1/": {"admin", "accountant01", "parent00001", "student00001"},
    "/fees/200/": {"admin", "accountant01"},
    "/excuses/": {"admin", "registrar01", "teacher0001", "parent00001"},
    "/admin/": {"admin", "registrar01", "accountant01"},
    "/admin/auth/user/": {"admin"},
    "/admin/people/student/": {"admin", "registrar01"},
    "/admin/finance/invoice/": {"admin", "accountant01"},
}


@pytest.fixture(scope="module")
def browsers(school: Erp) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        yield {username: stack.enter_context(school.browser(username)) for username in CAST}


@pytest.mark.parametrize("path", PAGES)
def test_who_may_open_what(browsers: dict[str, httpx.Client], path: str) -> None:
    opened = {username for username, browser in browsers.items() if browser.get(path).status_code == 200}
    assert opened == PAGES[path]


@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_sent_to_sign_in(school: Erp, path: str) -> None:
    answer = httpx.get(school.url + path)
    assert answer.status_code == 302
    assert "/sign-in/" in answer.headers["location"] or "/admin/login/" in answer.headers["location"]


def test_wrong_password(school: Erp) -> None:
    with httpx.Client(base_url=school.url) as client:
        answer = sign_in(client, "student00001", "wrong")
    assert answer.status_code == 200
    assert "do not match" in answer.text
    assert "smart_erp_session" not in client.cookies


def test_posts_need_the_token(school: Erp) -> None:
    with school.browser("teacher0001") as teacher:
        assert teacher.post("/sections/2/attendance/", data={"date": "2026-01-12"}).status_code == 403


def test_a_teacher_takes_the_register(school: Erp) -> None:
    enrolments = [row for (row,) in school.sql("SELECT id FROM enrolment WHERE section_id = 2")]
    marks = {f"mark-{enrolment}": "late" for enrolment in enrolments} | {
        "mark-999999": "late",
        "date": "2026-01-13",
    }
    with school.browser("teacher0001") as teacher:
        for _ in range(2):
            assert post(teacher, "/sections/2/attendance/", marks).status_code == 302
    written = school.sql(
        "SELECT enrolment_id, mark FROM attendance JOIN enrolment ON enrolment.id = enrolment_id"
        " WHERE held_on = '2026-01-13' AND section_id = 2"
    )
    assert sorted(written) == sorted((enrolment, "late") for enrolment in enrolments)


def test_a_changed_score_moves_the_final_grade_and_is_remembered(school: Erp) -> None:
    enrolment, assignment, old = school.sql(
        "SELECT enrolment_id, assignment_id, score FROM grade JOIN enrolment ON enrolment.id = enrolment_id"
        " WHERE section_id = 2 AND student_id = 1 ORDER BY grade.id LIMIT 1"
    )[0]
    before = school.one("SELECT final_grade FROM enrolment WHERE id = %s", enrolment)
    new = old - 10 if old >= 50 else old + 10
    cell = f"score-{enrolment}-{assignment}"
    with school.browser("teacher0001") as teacher:
        assert post(teacher, "/sections/2/gradebook/", {cell: str(new)}).status_code == 302
        assert post(teacher, "/sections/2/gradebook/", {cell: "101"}).status_code == 302
        assert post(teacher, "/sections/2/gradebook/", {cell: "NaN"}).status_code == 302
    weight = school.one("SELECT weight FROM assignment WHERE id = %s", assignment)
    after = school.one("SELECT final_grade FROM enrolment WHERE id = %s", enrolment)
    assert abs((after - before) - (new - old) * weight / 100) <= Decimal("0.01")
    history = school.sql("SELECT old_score, new_score FROM grade_change WHERE enrolment_id = %s", enrolment)
    assert history == [(old, new)]


def test_a_transcript_shows_what_the_database_computes(school: Erp) -> None:
    grades = school.sql(
        "SELECT course.code, course.credits, weighted_grade(enrolment.id) FROM enrolment"
        " JOIN section ON section.id = section_id JOIN course ON course.id = course_id"
        " WHERE student_id = 1 AND weighted_grade(enrolment.id) IS NOT NULL"
    )
    average = sum(credits * grade for _, credits, grade in grades) / sum(credits for _, credits, _ in grades)
    with school.browser("registrar01") as registrar:
        page = registrar.get("/students/1/transcript/").text
    assert len(grades) > 3
    assert all(f"{code}</td>" in page and f'<td class="number">{grade}</td>' in page for code, _, grade in grades)
    assert f"<b>{round(average, 2)}</b>" in page


def test_a_student_hands_in_work_that_others_cannot_open(school: Erp) -> None:
    assignment = school.one("SELECT id FROM assignment WHERE section_id = 2 AND takes_files LIMIT 1")
    path = f"/assignments/{assignment}/hand-in/"
    with school.browser("student00001") as student:
        answer = post(student, path, {}, files={"file": ("my essay.txt", b"Hello", "text/plain")})
        assert answer.status_code == 302
        upload = school.one("SELECT max(upload_id) FROM submission WHERE assignment_id = %s", assignment)
        assert student.get(f"/uploads/{upload}/").content == b"Hello"
        post(student, path, {}, files={"file": ("virus.exe", b"MZ", "application/octet-stream")})
        post(student, path, {}, files={"file": ("empty.txt", b"", "text/plain")})
        post(student, path, {})
        assert school.one("SELECT max(upload_id) FROM submission WHERE assignment_id = %s", assignment) == upload
        foreign = school.one("SELECT id FROM assignment WHERE section_id = 101 AND takes_files LIMIT 1")
        refused = post(
            student, f"/assignments/{foreign}/hand-in/", {}, files={"file": ("a.txt", b"x", "text/plain")}
        )
        assert refused.status_code == 404
    opened = {}
    for username in ("teacher0001", "parent00001", "admin", "student00002", "teacher0002", "accountant01"):
        with school.browser(username) as browser:
            opened[username] = browser.get(f"/uploads/{upload}/").status_code
    assert opened == {
        "teacher0001": 200,
        "parent00001": 200,
        "admin": 200,
        "student00002": 404,
        "teacher0002": 404,
        "accountant01": 404,
    }


def test_a_missing_file_is_not_found_and_not_a_crash(school: Erp) -> None:
    upload, path = school.sql(
        "SELECT id, path FROM upload WHERE path LIKE 'photos/teacher/%%' ORDER BY id LIMIT 1"
    )[0]
    stored = school.home / "uploads" / path
    content = stored.read_bytes()
    stored.unlink()
    with school.browser("student00001") as student:
        assert student.get(f"/uploads/{upload}/").status_code == 404
        stored.write_bytes(content)
        assert student.get(f"/uploads/{upload}/").content == content


def test_an_accountant_books_no_more_than_is_open(school: Erp) -> None:
    invoice, open_amount = school.sql(
        "SELECT id, total_amount - paid_amount FROM invoice WHERE paid_amount < total_amount ORDER BY id LIMIT 1"
    )[0]
    payment = {"method": "cash", "received_on": "2026-05-04"}
    with school.browser("accountant01") as accountant:
        too_much = post(accountant, f"/fees/{invoice}/", payment | {"amount": str(open_amount + 1)})
        assert f"Only {open_amount} is open" in too_much.text
        assert post(accountant, f"/fees/{invoice}/", payment | {"amount": str(open_amount)}).status_code == 302
    assert school.one("SELECT total_amount - paid_amount FROM invoice WHERE id = %s", invoice) == 0


def test_a_parent_cannot_book_payments(school: Erp) -> None:
    payment = {"method": "cash", "received_on": "2026-05-04", "amount": "1"}
    with school.browser("parent00001") as parent:
        assert post(parent, "/fees/1/", payment).status_code == 403


def test_a_parent_excuses_and_the_registrar_decides(school: Erp) -> None:
    excuse = {
        "student": "1",
        "first_day": "2026-03-02",
        "last_day": "2026-03-03",
        "reason": "A dentist's visit",
    }
    with school.browser("parent00001") as parent:
        assert "comes before" in post(parent, "/excuses/", excuse | {"last_day": "2026-03-01"}).text
        assert post(parent, "/excuses/", excuse | {"student": "299"}).status_code == 200
        assert post(parent, "/excuses/", excuse).status_code == 302
        number = school.one("SELECT max(id) FROM attendance_excuse WHERE reason = %s", excuse["reason"])
        assert post(parent, f"/excuses/{number}/decide/", {"decision": "accept"}).status_code == 403
    with school.browser("registrar01") as registrar:
        assert post(registrar, f"/excuses/{number}/decide/", {"decision": "accept"}).status_code == 302
    assert school.one("SELECT status FROM attendance_excuse WHERE id = %s", number) == "accepted"


def test_signing_out_ends_the_session(school: Erp) -> None:
    with school.browser("student00001") as student:
        assert student.get("/").status_code == 200
        assert post(student, "/sign-out/", {}).status_code == 302
        assert student.get("/").status_code == 302
