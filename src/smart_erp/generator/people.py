"""Students, guardians and staff with their users."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from smart_erp.generator.names import FIRST_NAMES, LAST_NAMES
from smart_erp.generator.school import School

OFFICE = (
    ("admin", "administrator", "Head of administration"),
    ("registrar01", "registrar", "Registrar"),
    ("accountant01", "accountant", "Accountant"),
)
SIBLING_EVERY = 8


@dataclass(frozen=True, slots=True)
class Person:
    """`id` counts within the kind of person (staff, guardian, student); `user` is the id of the user."""

    id: int
    user: int
    username: str
    role: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class People:
    """Staff begins with the office, then come the teachers in the order of `School`."""

    staff: list[Person]
    guardians: list[Person]
    students: list[Person]
    guardian_of: list[int]

    @property
    def everybody(self) -> list[Person]:
        return [*self.staff, *self.guardians, *self.students]

    @property
    def accountant(self) -> Person:
        return next(person for person in self.staff if person.role == "accountant")

    def teacher(self, number: int) -> Person:
        return self.staff[len(OFFICE) + number - 1]


def invent(school: School, students: int, seed: int) -> People:
    """Name everybody. Every eighth student is a sibling of the one before and shares the guardian."""
    dice = random.Random(f"{seed}:people")  # noqa: S311 - reproducible, not secret
    accounts = [(username, role) for username, role, _ in OFFICE]
    accounts += [(f"teacher{n:04d}", "teacher") for n in range(1, len(school.subject_of_teacher) + 1)]
    staff = [
        Person(n, n, username, role, dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES))
        for n, (username, role) in enumerate(accounts, 1)
    ]
    guardian_of: list[int] = []
    for number in range(1, students + 1):
        newest = guardian_of[-1] if guardian_of else 0
        guardian_of.append(newest if number % SIBLING_EVERY == 0 else newest + 1)
    users = len(staff)
    guardians = [
        Person(n, users + n, f"parent{n:05d}", "parent", dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES))
        for n in range(1, guardian_of[-1] + 1)
    ]
    users += len(guardians)
    pupils = [
        Person(
            n,
            users + n,
            f"student{n:05d}",
            "student",
            dice.choice(FIRST_NAMES),
            guardians[guardian_of[n - 1] - 1].last_name,
        )
        for n in range(1, students + 1)
    ]
    return People(staff, guardians, pupils, guardian_of)


def birth_date(level: int, year: int, dice: random.Random) -> date:
    """A child of level 7 is 12 or 13 years old in September of `year`."""
    return date.fromordinal(date(year - level - 6, 9, 1).toordinal() + dice.randrange(365))


def job_title(school: School, person: Person) -> str:
    for username, _, title in OFFICE:
        if username == person.username:
            return title
    return f"Teacher of {school.subject_of_teacher[person.id - len(OFFICE) - 1]}"
