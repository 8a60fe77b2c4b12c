"""A year of attendance and grades."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from smart_erp.generator.school import CLASS_SIZE, Section

# Title, weight in percent, hands in files, position in the year from 0 to 1.
COURSEWORK = (
    ("Homework portfolio, autumn", 10, True, 0.20),
    ("Test 1", 15, False, 0.30),
    ("Project", 20, True, 0.50),
    ("Test 2", 15, False, 0.65),
    ("Homework portfolio, spring", 10, True, 0.80),
    ("Final examination", 30, False, 0.97),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    id: int
    section: Section
    title: str
    weight: int
    takes_files: bool
    due_on: date


def enrolments(sections: Sequence[Section]) -> Iterator[tuple[int, int, Section]]:
    """(enrolment, student, section): every student of a class is in all sections of the class."""
    number = 0
    for section in sections:
        for student in range(section.class_number * CLASS_SIZE + 1, (section.class_number + 1) * CLASS_SIZE + 1):
            number += 1
            yield number, student, section


def assignments(sections: Sequence[Section], days: Sequence[date]) -> list[Assignment]:
    taught = [section for section in sections if not section.is_register]
    wanted = [(section, *work) for section in taught for work in COURSEWORK]
    return [
        Assignment(number, section, title, weight, takes_files, days[int(place * (len(days) - 1))])
        for number, (section, title, weight, takes_files, place) in enumerate(wanted, 1)
    ]


def marks(days: int, dice: random.Random) -> Iterator[str]:
    """One student's marks: mostly present, now and then late, and absences that last some days."""
    lateness = dice.choice((0.005, 0.01, 0.02, 0.06))
    away_days, reason = 0, "absent"
    for _ in range(days):
        if away_days:
            away_days -= 1
            yield reason
            continue
        chance = dice.random()
        if chance < 0.012:
            away_days, reason = dice.randrange(5), "excused" if dice.random() < 0.75 else "absent"
            yield reason
        else:
            yield "late" if chance > 1 - lateness else "present"


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of `day` in UTC."""
    return datetime.combine(day, time(hour, minute), UTC)


@dataclass(frozen=True, slots=True)
class Graded:
    """Scores in hundredths by assignment, in the order of the section's assignments, and the final grade."""

    enrolment: int
    section: Section
    scores: tuple[int, ...]
    final: int


def grades(sections: Sequence[Section], seed: int) -> Iterator[Graded]:
    """Scores around each student's ability, and their weighted mean rounded half up, as the database does."""
    dice = random.Random(f"{seed}:grades")  # noqa: S311 - reproducible, not secret
    ability: dict[int, float] = {}
    weights = [work[1] for work in COURSEWORK]
    for enrolment, student, section in enrolments(sections):
        if section.is_register:
            continue
        level = ability.setdefault(student, dice.gauss(72, 11)) + dice.gauss(0, 5)
        scores = tuple(50 * round(min(100.0, max(0.0, dice.gauss(level, 7))) * 2) for _ in weights)
        total = sum(score * weight for score, weight in zip(scores, weights, strict=True))
        yield Graded(enrolment, section, scores, (2 * total + 100) // 200)


def graded_at(due_on: date) -> datetime:
    return at(due_on + timedelta(days=5), 15)
