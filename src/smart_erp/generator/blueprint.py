"""Everything that is decided about a school before its rows are written."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from smart_erp.generator import people, school, teaching
from smart_erp.generator.school_days import SchoolYearDays
from smart_erp.generator.sizes import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Same size, seed and year: same school. The password is that of all users."""

    size: Size
    seed: int
    year: int
    password: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for COPY into `name`; they may be made while they are written."""

    name: str
    columns: str
    rows: Iterable[tuple[object, ...]]


class Blueprint:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.calendar = SchoolYearDays(plan.year)
        self.days: list[date] = self.calendar.days()
        self.school = school.build(plan.size.students)
        self.people = people.invent(self.school, plan.size.students, plan.seed)
        self.assignments = teaching.assignments(self.school.sections, self.days)

    def dice(self, topic: str) -> random.Random:
        """Random numbers of a topic of their own, so that one topic's draws never shift another's."""
        return random.Random(f"{self.plan.seed}:{topic}")  # noqa: S311 - reproducible, not secret

    @cached_property
    def level_of_class(self) -> dict[int, int]:
        return {section.class_number: section.course.level for section in self.school.sections}
