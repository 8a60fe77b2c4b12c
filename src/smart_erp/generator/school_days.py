"""The calendar of one invented school year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Term:
    number: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class SchoolYearDays:
    """Three terms from September to June; the weeks between them are holidays."""

    year: int

    @property
    def name(self) -> str:
        return f"{self.year}/{(self.year + 1) % 100:02d}"

    @property
    def terms(self) -> tuple[Term, ...]:
        return (
            Term(1, date(self.year, 9, 1), date(self.year, 12, 19)),
            Term(2, date(self.year + 1, 1, 8), date(self.year + 1, 3, 27)),
            Term(3, date(self.year + 1, 4, 6), date(self.year + 1, 6, 12)),
        )

    @property
    def starts_on(self) -> date:
        return self.terms[0].starts_on

    @property
    def ends_on(self) -> date:
        return self.terms[-1].ends_on

    def days(self) -> list[date]:
        """All days on which school is held: Monday to Friday within the terms."""
        return [day for term in self.terms for day in days_between(term.starts_on, term.ends_on)]


def days_between(first: date, last: date) -> list[date]:
    """Mondays to Fridays from `first` to `last`, both included."""
    span = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [day for day in span if day.weekday() < 5]
