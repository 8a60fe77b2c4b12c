"""What is wrong with a freeze or a window as a person enters it, in words that begin with the field's name."""

from collections.abc import Iterator
from datetime import datetime

from schoolkeeper.calendars.scope import faults_of

LONGEST_TITLE = 200


def faults_of_title(title: str) -> Iterator[str]:
    """A title is what people are told when something is closed to them."""
    if not title.strip():
        yield "title: say what for, people will ask"
    if len(title) > LONGEST_TITLE:
        yield f"title: at most {LONGEST_TITLE} characters"


def faults_of_stretch(
    title: str, starts_at: datetime, ends_at: datetime, now: datetime, system: str, institution: str
) -> Iterator[str]:
    """All of a freeze or a window that happens once."""
    yield from faults_of_title(title)
    if ends_at <= starts_at:
        yield "ends_at: it must come after the beginning"
    if ends_at <= now:
        yield "ends_at: it is over already"
    yield from faults_of(system, institution)
