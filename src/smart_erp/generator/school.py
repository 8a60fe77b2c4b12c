"""The frame of the school: programmes, courses, classes with their sections, and a timetable without clashes.

Classes of one programme stand in blocks of up to eight, and each block has eight teachers, one for each
subject. The week has eight bands of three lessons. In band b, class c of a block has subject (b + c) mod 8:
a Latin square, so no teacher is in two places. Each class stays in a room of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CLASS_SIZE = 25
LEVELS = range(7, 13)
BLOCK = 8
WEEKDAYS = range(1, 6)

REGISTER = "Class register"
SUBJECTS = {
    "LOW": (
        "Mathematics",
        "Language arts",
        "English",
        "Science",
        "History",
        "Geography",
        "Art and music",
        "Physical education",
    ),
    "SCI": (
        "Mathematics",
        "Physics",
        "Chemistry",
        "Biology",
        "Computing",
        "English",
        "History",
        "Physical education",
    ),
    "HUM": (
        "Mathematics",
        "Literature",
        "English",
        "History",
        "Economics",
        "Geography",
        "Philosophy",
        "Physical education",
    ),
}
PROGRAMMES = {
    "LOW": "Lower secondary",
    "SCI": "Upper secondary, sciences",
    "HUM": "Upper secondary, humanities",
}


@dataclass(frozen=True, slots=True)
class Course:
    id: int
    programme: str
    code: str
    title: str
    level: int


@dataclass(frozen=True, slots=True)
class Section:
    """`teacher` counts from 1; `lessons` are (weekday, period) pairs."""

    id: int
    course: Course
    class_number: int
    class_name: str
    teacher: int
    lessons: tuple[tuple[int, int], ...]

    @property
    def is_register(self) -> bool:
        return self.course.title == REGISTER


@dataclass(frozen=True, slots=True)
class School:
    courses: list[Course]
    sections: list[Section]
    subject_of_teacher: list[str]
    class_count: int

    def class_of(self, student: int) -> int:
        """The class (from 0) of a student (from 1); classes are filled in order of students."""
        return (student - 1) // CLASS_SIZE


def build(students: int) -> School:
    """Lay out the school for so many students, a multiple of CLASS_SIZE."""
    class_count = students // CLASS_SIZE
    classes = [(number, *_level_and_programme(number, class_count)) for number in range(class_count)]
    courses = {(course.programme, course.level, course.title): course for course in _courses(classes)}
    names = _class_names([level for _, level, _ in classes])
    sections: list[Section] = []
    subject_of_teacher: list[str] = []
    for programme in PROGRAMMES:
        members = [(number, level) for number, level, code in classes if code == programme]
        for start in range(0, len(members), BLOCK):
            first_teacher = len(subject_of_teacher) + 1
            subject_of_teacher += SUBJECTS[programme]
            for place, (number, level) in enumerate(members[start : start + BLOCK]):
                for title, teacher, lessons in _lessons(programme, place, first_teacher):
                    course = courses[programme, level, title]
                    sections.append(Section(len(sections) + 1, course, number, names[number], teacher, lessons))
    return School(list(courses.values()), sections, subject_of_teacher, class_count)


def _level_and_programme(number: int, class_count: int) -> tuple[int, str]:
    level = LEVELS[number * len(LEVELS) // class_count]
    if level < 10:
        return level, "LOW"
    return level, "SCI" if number % 2 else "HUM"


def _class_names(levels: list[int]) -> list[str]:
    """ "7-A", "7-B", ... and after "7-Z" goes on with "7-AA"."""
    names: list[str] = []
    for number, level in enumerate(levels):
        rank = number - levels.index(level)
        prefix = chr(ord("A") + rank // 26 - 1) if rank >= 26 else ""
        names.append(f"{level}-{prefix}{chr(ord('A') + rank % 26)}")
    return names


def _courses(classes: list[tuple[int, int, str]]) -> Iterator[Course]:
    kinds = sorted({(programme, level) for _, level, programme in classes}, key=lambda kind: (kind[1], kind[0]))
    number = 0
    for programme, level in kinds:
        for rank, title in enumerate((REGISTER, *SUBJECTS[programme])):
            number += 1
            yield Course(number, programme, f"{programme}-{level:02d}-{rank}", title, level)


def _lessons(
    programme: str, place: int, first_teacher: int
) -> Iterator[tuple[str, int, tuple[tuple[int, int], ...]]]:
    """Subject, teacher and weekly lessons of the class at `place` of its block."""
    yield REGISTER, first_teacher + place, tuple((weekday, 0) for weekday in WEEKDAYS)
    for rank, title in enumerate(SUBJECTS[programme]):
        band = (rank - place) % BLOCK
        lessons = tuple(
            (1 + lesson % len(WEEKDAYS), 1 + lesson // len(WEEKDAYS)) for lesson in (band, band + 8, band + 16)
        )
        yield title, first_teacher + rank, lessons
