"""Is a system well? Pure: from its open findings and from when it was last looked at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from schoolkeeper.controlroom import wording
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Spec

LOOK_EVERY = timedelta(hours=26)
"""A day and a margin: what was not looked at for longer is unknown."""


def health(
    open_findings: Mapping[Level, int], expected: Sequence[Spec], looks: Mapping[str, datetime], now: datetime
) -> tuple[Level, str]:
    """The worst open, unsilenced finding; UNKNOWN when a task that should look has not, for too long.

    `expected` are the tasks that should look every day, `looks` when each last could. Returns the level and
    the reason in a sentence.
    """
    if not expected:
        return Level.UNKNOWN, "No task of the catalogue watches this system."
    never = [spec for spec in expected if spec.id not in looks]
    if len(never) == len(expected):
        return Level.UNKNOWN, "Nobody has looked yet."
    if never:
        return Level.UNKNOWN, f"Never looked: {_titles(never)}."
    late = [spec for spec in expected if looks[spec.id] < now - LOOK_EVERY]
    if late:
        oldest = min(looks[spec.id] for spec in late)
        return Level.UNKNOWN, f"Last looked {wording.ago(oldest, now)}: {_titles(late)}."
    worst = max((level for level, count in open_findings.items() if count), default=Level.OK)
    if worst <= Level.INFO:
        return Level.OK, "Everything was looked at, and nothing needs attention."
    count = open_findings[worst]
    word = wording.LEVELS[worst].text.lower()
    if worst is Level.UNKNOWN:
        return worst, f"{wording.plural(count, 'thing')} could not be looked at."
    return worst, f"{wording.plural(count, f'open {word}')}."


def _titles(specs: Sequence[Spec]) -> str:
    return ", ".join(spec.title for spec in specs)
