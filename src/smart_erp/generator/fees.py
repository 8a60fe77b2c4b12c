"""Invoices for each term, and what was paid of them. Amounts in cents."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from smart_erp.generator.school_days import SchoolYearDays

TUITION_CENTS = 48_000
EXTRAS = (("Transport", 9_000), ("Meals", 12_500), ("Laboratory fee", 3_500), ("Music lessons", 7_500))


@dataclass(frozen=True, slots=True)
class Invoice:
    id: int
    number: str
    student: int
    issued_on: date
    due_on: date
    lines: tuple[tuple[str, int], ...]
    payments: tuple[tuple[int, str, date], ...]

    @property
    def total(self) -> int:
        return sum(cents for _, cents in self.lines)

    @property
    def paid(self) -> int:
        return sum(cents for cents, _, _ in self.payments)


def invoices(students: int, calendar: SchoolYearDays, seed: int) -> Iterator[Invoice]:
    dice = random.Random(f"{seed}:fees")  # noqa: S311 - reproducible, not secret
    number = 0
    extras = {student: dice.sample(EXTRAS, dice.randrange(4)) for student in range(1, students + 1)}
    discounts = {student for student in range(1, students + 1) if dice.random() < 0.1}
    for term in calendar.terms:
        for student in range(1, students + 1):
            number += 1
            lines = [(f"Tuition, term {term.number}", TUITION_CENTS), *extras[student]]
            if student in discounts:
                lines.append(("Sibling discount", -TUITION_CENTS // 10))
            due_on = term.starts_on + timedelta(days=30)
            total = sum(cents for _, cents in lines)
            payments = tuple(_payments(total, due_on, dice))
            label = f"INV-{calendar.year}-{number:06d}"
            yield Invoice(number, label, student, term.starts_on, due_on, tuple(lines), payments)


def _payments(total: int, due_on: date, dice: random.Random) -> Iterator[tuple[int, str, date]]:
    """Most pay at once, some in two parts, some in part, a few not at all."""
    habit = dice.random()
    method = dice.choice(("transfer", "transfer", "card", "cash"))
    day = due_on - timedelta(days=dice.randrange(28))
    if habit < 0.70:
        yield total, method, day
    elif habit < 0.94:
        half = total // 2
        yield half, method, day
        if habit < 0.85:
            yield total - half, method, day + timedelta(days=dice.randrange(5, 50))
