"""Calendar feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.api import feeds
from schoolkeeper.api.models import CalendarFeed


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed; times are UTC."""

    number: int
    institution: str
    person: str
    daily: bool
    made_by: str
    made_at: datetime


def make(institution: str, person: str, *, daily: bool, by: str) -> str:
    """A new feed; its address below that of the control room. Raises Invalid."""
    _, token = feeds.make(institution=institution, person=person, daily=daily, by=by, now=timezone.now())
    return feeds.address(token)


def listed() -> tuple[FeedLine, ...]:
    """The feeds that are still good, the oldest first."""
    rows = CalendarFeed.objects.filter(revoked_at=None)
    return tuple(
        FeedLine(row.pk, row.institution, row.person, row.daily, row.made_by, row.made_at) for row in rows
    )


def render(lines: Sequence[FeedLine]) -> RenderableType:
    """A table."""
    if not lines:
        return Text("There are no calendar feeds.")
    table = Table("No.", "Of", "Daily tasks", "Made by", "On (UTC)", box=None, pad_edge=False)
    for line in lines:
        of = Text(line.institution or line.person)
        daily = "yes" if line.daily else "no"
        table.add_row(str(line.number), of, daily, Text(line.made_by), f"{line.made_at:%Y-%m-%d}")
    return table
