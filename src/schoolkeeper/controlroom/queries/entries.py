"""The entries of one system's programme as lines of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Min, Q

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.describe import describe
from schoolkeeper.controlroom.queries.tasks import title_of_task
from schoolkeeper.controlroom.rule_words import OWN, in_words
from schoolkeeper.programme.models import Entry, Occurrence

_NAMES: Mapping[str, str] = {
    "rule": "How often",
    "at": "At what time",
    "zone": "Time zone",
    "owner": "Owner",
    "deputy": "Deputy",
    "options": "Options",
    "priority": "Turn",
    "catch_up": "When it was missed",
    "late_after_minutes": "Late after",
    "missed_after_minutes": "Given up after",
}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry. `how_often` says its rule in words, `next_at` is None when nothing of it is to come."""

    entry: Entry
    title: str
    how_often: str
    next_at: datetime | None

    @property
    def is_own_rule(self) -> bool:
        """Whether there are no short words for its rule, so that its text must be shown."""
        return self.how_often.startswith(OWN)

    @property
    def is_changed(self) -> bool:
        """Whether somebody set something that is usually otherwise."""
        return bool(self.entry.changed)


def entries(slug: str, now: datetime) -> list[EntryRow]:
    """What is in the programme of a system, duties of people last, each kind by its next date."""
    coming = Q(occurrences__state=Occurrence.State.DUE, occurrences__not_before__gt=now)
    found = Entry.objects.filter(system=slug, retired_at=None).annotate(
        next_at=Min("occurrences__not_before", filter=coming)
    )
    ordered = found.order_by("by_people", F("next_at").asc(nulls_last=True), "task")
    return [EntryRow(entry, title_of_task(entry.task), how_often(entry), entry.next_at) for entry in ordered]


def how_often(entry: Entry) -> str:
    """The rhythm of an entry in words: "Every day at 02:11"."""
    words = in_words(entry.rule)
    if not entry.rule or "HOURLY" in entry.rule.upper():
        return words
    return f"{words} at {entry.at:%H:%M}"


def describe_fields(entry: Entry, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is to be set, in words: (what, before, after)."""
    return [
        (_NAMES[name], _said(name, getattr(entry, name)), _said(name, value))
        for name, value in values.items()
        if name in _NAMES
    ]


def _said(name: str, value: Any) -> str:
    match name:
        case "rule":
            words = in_words(value)
            return f"{words} ({value})" if words == OWN else words
        case "at":
            return f"{value:%H:%M}"
        case "catch_up":
            return wording.CATCH_UP.get(value, str(value))
        case "priority":
            return wording.PRIORITIES.get(value, str(value))
        case "late_after_minutes" | "missed_after_minutes":
            return wording.span(timedelta(minutes=value))
        case "options":
            return ", ".join(f"{row.label} {row.value}" for row in describe(value)) or "as the task has them"
    return str(value) or "nobody"
