"""The numbered items that Schoolkeeper is to serve."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Requirement:
    """One item: M001 … M144, with the headings it stands under."""

    id: str
    section: str
    part: str
    group: str
    item: str


@cache
def requirements() -> tuple[Requirement, ...]:
    """All items, in order."""
    text = files("schoolkeeper.catalogue").joinpath("requirements.csv").read_text(encoding="utf-8")
    return tuple(Requirement(**row) for row in csv.DictReader(text.splitlines()))


def requirement_ids() -> frozenset[str]:
    return frozenset(requirement.id for requirement in requirements())
