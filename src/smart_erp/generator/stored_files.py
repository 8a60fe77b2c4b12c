"""Writes the files of the school below `uploads/` and remembers what each one is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from smart_erp.generator import files
from smart_erp.generator.blueprint import Blueprint
from smart_erp.generator.school import CLASS_SIZE
from smart_erp.generator.teaching import Assignment, at


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: int
    path: str
    sha256: str
    size_bytes: int
    content_type: str
    owner: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HandIn:
    upload: StoredFile
    assignment: Assignment
    enrolment: int


@dataclass(slots=True)
class Library:
    """All stored files; photos by user id."""

    folder: Path
    uploads: list[StoredFile] = field(default_factory=list)
    photos: dict[int, int] = field(default_factory=dict)
    hand_ins: list[HandIn] = field(default_factory=list)

    def store(self, path: str, content: bytes, content_type: str, owner: int, at: datetime) -> StoredFile:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        stored = StoredFile(len(self.uploads) + 1, path, digest, len(content), content_type, owner, at)
        self.uploads.append(stored)
        return stored


def write(blueprint: Blueprint, folder: Path) -> Library:
    library = Library(folder)
    _write_photos(blueprint, library)
    _write_hand_ins(blueprint, library)
    return library


def _write_photos(blueprint: Blueprint, library: Library) -> None:
    dice = blueprint.dice("photos")
    taken_at = at(blueprint.calendar.starts_on, 6)
    students = dice.sample(blueprint.people.students, blueprint.plan.size.photos)
    for person in [*blueprint.people.staff, *sorted(students, key=lambda student: student.id)]:
        path = f"photos/{person.role}/{person.username}.png"
        stored = library.store(path, files.photo(dice), "image/png", person.user, taken_at)
        library.photos[person.user] = stored.id


def _write_hand_ins(blueprint: Blueprint, library: Library) -> None:
    dice = blueprint.dice("hand-ins")
    for assignment, seat in _chosen_seats(blueprint):
        section = assignment.section
        enrolment = (section.id - 1) * CLASS_SIZE + seat + 1
        student = blueprint.people.students[section.class_number * CLASS_SIZE + seat]
        extension, content_type, write_document = dice.choice(files.DOCUMENTS)
        content = write_document(files.essay(f"{section.course.title}: {assignment.title}", dice))
        folder = f"submissions/{blueprint.plan.year}/{section.id:05d}"
        path = f"{folder}/{assignment.id}-{student.username}.{extension}"
        stored = library.store(path, content, content_type, student.user, at(assignment.due_on, 7, seat))
        library.hand_ins.append(HandIn(stored, assignment, enrolment))


def _chosen_seats(blueprint: Blueprint) -> Iterator[tuple[Assignment, int]]:
    taking_files = [assignment for assignment in blueprint.assignments if assignment.takes_files]
    seats = range(len(taking_files) * CLASS_SIZE)
    for seat in sorted(blueprint.dice("seats").sample(seats, blueprint.plan.size.submissions)):
        yield taking_files[seat // CLASS_SIZE], seat % CLASS_SIZE
