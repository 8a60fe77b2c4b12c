"""Taking a system into care, and changing what we know of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schoolkeeper.connectors.system import System
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a definition that differs; None stands for "not there"."""

    place: str
    before: object
    after: object

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.place} = {self.after!r}"
        if self.after is None:
            return f"- {self.place} (was {self.before!r})"
        return f"~ {self.place} = {self.after!r} (was {self.before!r})"


def apply(system: System, *, by: str, at: datetime) -> tuple[Change, ...]:
    """Store a definition; the changes, none if it was so already."""
    definition = system.model_dump(mode="json")
    record = SystemRecord.objects.select_for_update().filter(slug=system.slug).first()
    changes = tuple(_differences("", record.definition if record else {}, definition))
    if changes:
        SystemRecord.objects.update_or_create(
            slug=system.slug,
            defaults={
                "name": system.name,
                "institution": system.institution,
                "profile": system.profile,
                "environment": system.environment,
                "timezone": system.timezone,
                "definition": definition,
                "applied_at": at,
                "applied_by": by,
            },
        )
    return changes


def find(slug: str) -> System:
    """The system of this slug. Raises Invalid naming those in our care."""
    record = SystemRecord.objects.filter(slug=slug).first()
    if record is None:
        known = (
            ", ".join(SystemRecord.objects.values_list("slug", flat=True)) or "none yet: `schoolkeeper apply FILE`"
        )
        raise Invalid(f"system {slug!r}", [f"it is not in our care; known are: {known}"])
    return record.system()


def _differences(place: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            below = f"{place}.{key}" if place else key
            yield from _differences(below, before.get(key), after.get(key))
    elif isinstance(after, dict) and before is None and after:
        yield from _differences(place, {}, after)
    elif before != after:
        yield Change(place, before, after)
