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
    """How a system is, and why, in a sentence.

    `expected` are the tasks that should look every day, `looks` when each last could. An open error comes first,
    because it is certain; then what nobody could or did look at, for LOOK_EVERY or longer; then the rest.
    """
    blind = _blind(expected, looks, now)
    errors, unknown = open_findings.get(Level.ERROR, 0), open_findings.get(Level.UNKNOWN, 0)
    could_not = f"{wording.plural(unknown, 'thing')} could not be looked at." if unknown else ""
    if errors:
        found = f"{wording.plural(errors, 'open error')}."
        return Level.ERROR, " ".join(part for part in (found, could_not, blind) if part)
    if blind or could_not:
        return Level.UNKNOWN, " ".join(part for part in (blind, could_not) if part)
    if warnings := open_findings.get(Level.WARNING, 0):
        return Level.WARNING, f"{wording.plural(warnings, 'open warning')}."
    return Level.OK, "Everything was looked at, and nothing needs attention."


def _blind(expected: Sequence[Spec], looks: Mapping[str, datetime], now: datetime) -> str:
    """What should have been looked at and was not; "" when all was."""
    if not expected:
        return "No task of the catalogue watches this system."
    never = [spec for spec in expected if spec.id not in looks]
    if len(never) == len(expected):
        return "Nobody has looked yet."
    if never:
        return f"Never looked: {_titles(never)}."
    late = [spec for spec in expected if looks[spec.id] < now - LOOK_EVERY]
    if not late:
        return ""
    return f"Last looked {wording.ago(min(looks[spec.id] for spec in late), now)}: {_titles(late)}."


def _titles(specs: Sequence[Spec]) -> str:
    return ", ".join(spec.title for spec in specs)
