"""Rows about people: users, roles, staff, guardians, students."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.contrib.auth.hashers import make_password

from smart_erp.generator.blueprint import Blueprint, Table
from smart_erp.generator.people import Person, birth_date, job_title
from smart_erp.generator.school import CLASS_SIZE
from smart_erp.generator.stored_files import Library
from smart_erp.generator.teaching import at

RELATIONS = ("mother", "father", "grandparent", "foster parent")
MAIL_DOMAIN = "school.example"


def tables(blueprint: Blueprint, library: Library, groups: Mapping[str, int]) -> Iterator[Table]:
    people, calendar = blueprint.people, blueprint.calendar
    yield Table(
        "auth_user",
        "id, username, first_name, last_name, email, password, is_staff, is_superuser, is_active, date_joined",
        _users(blueprint),
    )
    yield Table(
        "auth_user_groups",
        "user_id, group_id",
        ((person.user, groups[person.role]) for person in people.everybody),
    )
    yield Table(
        "upload",
        "id, path, sha256, size_bytes, content_type, owner_id, created_at",
        (
            (one.id, one.path, one.sha256, one.size_bytes, one.content_type, one.owner, one.created_at)
            for one in library.uploads
        ),
    )
    dice = blueprint.dice("hired")
    yield Table(
        "staff",
        "id, number, user_id, first_name, last_name, email, job_title, hired_on, photo_id",
        (
            (
                *(person.id, f"E{person.id:05d}", person.user, person.first_name, person.last_name),
                *(_mail(person), job_title(blueprint.school, person)),
                *(
                    calendar.starts_on - timedelta(days=dice.randrange(30, 9000)),
                    library.photos.get(person.user),
                ),
            )
            for person in people.staff
        ),
    )
    yield from _families(blueprint, library)


def _families(blueprint: Blueprint, library: Library) -> Iterator[Table]:
    people = blueprint.people
    dice = blueprint.dice("families")
    yield Table(
        "guardian",
        "id, user_id, first_name, last_name, email, phone",
        (
            (
                one.id,
                one.user,
                one.first_name,
                one.last_name,
                _mail(one),
                f"+000 55 {dice.randrange(10**7):07d}",
            )
            for one in people.guardians
        ),
    )
    yield Table(
        "student",
        "id, number, user_id, first_name, last_name, born_on, admitted_on, status, photo_id",
        (
            (
                *(one.id, f"S{one.id:06d}", one.user, one.first_name, one.last_name),
                *_born_and_admitted(blueprint, one),
                *("active", library.photos.get(one.user)),
            )
            for one in people.students
        ),
    )
    yield Table(
        "guardianship",
        "id, student_id, guardian_id, relation",
        ((n, n, guardian, dice.choice(RELATIONS)) for n, guardian in enumerate(people.guardian_of, 1)),
    )


def _users(blueprint: Blueprint) -> Iterator[tuple[object, ...]]:
    joined_at = at(blueprint.calendar.starts_on - timedelta(days=14), 6)
    hashes: dict[str, str] = {}
    for person in blueprint.people.everybody:
        if person.role not in hashes:
            # One hash for each role: thousands of slow hashes would take minutes and protect nothing here.
            salt = hashlib.sha256(f"{blueprint.plan.seed}:{person.role}".encode()).hexdigest()[:22]
            hashes[person.role] = make_password(blueprint.plan.password, salt=salt, hasher="scrypt")
        yield (
            *(person.user, person.username, person.first_name, person.last_name, _mail(person)),
            hashes[person.role],
            person.role in ("administrator", "registrar", "accountant"),
            person.role == "administrator",
            True,
            joined_at,
        )


def _born_and_admitted(blueprint: Blueprint, student: Person) -> tuple[date, date]:
    level = blueprint.level_of_class[(student.id - 1) // CLASS_SIZE]
    born_on = birth_date(level, blueprint.plan.year, blueprint.dice(f"born:{student.id}"))
    return born_on, date(blueprint.plan.year - level + 7, 9, 1)


def _mail(person: Person) -> str:
    return f"{person.username}@{MAIL_DOMAIN}"
