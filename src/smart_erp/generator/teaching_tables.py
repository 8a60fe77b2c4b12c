"""Rows about teaching: courses, sections, timetable, enrolments, attendance, assignments, grades."""

from __future__ import annotations

from collections.abc import Iterator

from smart_erp.generator import teaching
from smart_erp.generator.blueprint import Blueprint, Table
from smart_erp.generator.school import PROGRAMMES
from smart_erp.generator.stored_files import Library

PLACES = 28


def tables(blueprint: Blueprint, library: Library, features: frozenset[str]) -> Iterator[Table]:
    yield from _frame(blueprint)
    yield from _sections(blueprint, features)
    final = {graded.enrolment: graded.final for graded in _grades(blueprint)}
    yield Table(
        "enrolment",
        "id, student_id, section_id, enrolled_on, final_grade",
        (
            (number, student, section.id, blueprint.calendar.starts_on, _score(final.get(number)))
            for number, student, section in teaching.enrolments(blueprint.school.sections)
        ),
    )
    yield Table(
        "attendance", "id, enrolment_id, held_on, mark, recorded_by_id, recorded_at", _attendance(blueprint)
    )
    yield Table(
        "assignment",
        "id, section_id, title, weight, due_on, takes_files",
        ((a.id, a.section.id, a.title, a.weight, a.due_on, a.takes_files) for a in blueprint.assignments),
    )
    yield Table(
        "submission",
        "id, assignment_id, enrolment_id, upload_id, handed_in_at",
        (
            (number, one.assignment.id, one.enrolment, one.upload.id, one.upload.created_at)
            for number, one in enumerate(library.hand_ins, 1)
        ),
    )
    yield Table("grade", "id, assignment_id, enrolment_id, score, graded_by_id, graded_at", _grade_rows(blueprint))


def _frame(blueprint: Blueprint) -> Iterator[Table]:
    calendar, school = blueprint.calendar, blueprint.school
    programmes = {code: number for number, code in enumerate(PROGRAMMES, 1)}
    yield Table(
        "programme",
        "id, code, title",
        ((programmes[code], code, title) for code, title in PROGRAMMES.items()),
    )
    year = (1, calendar.name, calendar.starts_on, calendar.ends_on)
    yield Table("school_year", "id, name, starts_on, ends_on", [year])
    yield Table(
        "course",
        "id, programme_id, code, title, level, credits",
        ((c.id, programmes[c.programme], c.code, c.title, c.level, 3) for c in school.courses),
    )
    rooms = ((number + 1, f"R{number + 101}") for number in range(school.class_count))
    yield Table("room", "id, name", rooms)


def _sections(blueprint: Blueprint, features: frozenset[str]) -> Iterator[Table]:
    sections, people = blueprint.school.sections, blueprint.people
    places = (PLACES,) if "places" in features else ()
    yield Table(
        "section",
        "id, course_id, school_year_id, teacher_id, class_name" + (", places" if places else ""),
        ((s.id, s.course.id, 1, people.teacher(s.teacher).id, s.class_name, *places) for s in sections),
    )
    lessons = ((section, *lesson) for section in sections for lesson in section.lessons)
    yield Table(
        "timetable_slot",
        "id, section_id, weekday, period, room_id",
        (
            (number, section.id, weekday, period, section.class_number + 1)
            for number, (section, weekday, period) in enumerate(lessons, 1)
        ),
    )


def _attendance(blueprint: Blueprint) -> Iterator[tuple[object, ...]]:
    dice = blueprint.dice("attendance")
    days = [(day, teaching.at(day, 4)) for day in blueprint.days]
    number = 0
    for enrolment, _, section in teaching.enrolments(blueprint.school.sections):
        if not section.is_register:
            continue
        teacher = blueprint.people.teacher(section.teacher).id
        for (day, recorded_at), mark in zip(days, teaching.marks(len(days), dice), strict=True):
            number += 1
            yield number, enrolment, day, mark, teacher, recorded_at


def _grades(blueprint: Blueprint) -> Iterator[teaching.Graded]:
    return teaching.grades(blueprint.school.sections, blueprint.plan.seed)


def _grade_rows(blueprint: Blueprint) -> Iterator[tuple[object, ...]]:
    works = len(teaching.COURSEWORK)
    number = 0
    for graded in _grades(blueprint):
        teacher = blueprint.people.teacher(graded.section.teacher).id
        # Assignments are numbered by section, in the order of the sections that are taught.
        first = _first_assignment(graded.section.id, works)
        for rank, score in enumerate(graded.scores):
            number += 1
            due_on = blueprint.assignments[first + rank].due_on
            yield (
                number,
                first + rank + 1,
                graded.enrolment,
                _score(score),
                teacher,
                teaching.graded_at(due_on),
            )


def _first_assignment(section: int, works: int) -> int:
    """Index of a section's first assignment; of the nine sections of a class the register has none."""
    before = (section - 1) // 9 * 8 + (section - 1) % 9 - 1
    return before * works


def _score(hundredths: int | None) -> str | None:
    return None if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02d}"
