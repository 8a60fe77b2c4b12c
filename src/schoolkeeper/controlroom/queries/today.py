"""How today's programme stands, system by system: two queries, however many systems there are."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.occurrences import STANDING
from schoolkeeper.controlroom.wording import Word

_TODAY = f"""
SELECT e.system, {STANDING} AS standing, count(*)
  FROM programme_occurrence AS o JOIN programme_entry AS e ON e.id = o.entry_id
  JOIN estate_systemrecord AS s ON s.slug = e.system
  LEFT JOIN programme_occurrence AS later ON later.id = o.caught_up_by_id
 WHERE o.due_at > %(now)s - interval '26 hours' AND o.due_at < %(now)s + interval '26 hours'
   AND (o.due_at AT TIME ZONE s.timezone)::date = (%(now)s AT TIME ZONE s.timezone)::date
   AND (%(system)s = '' OR e.system = %(system)s)
 GROUP BY 1, 2
"""  # noqa: S608  # of our own words alone
_OVERDUE_SINCE = """
SELECT e.system, count(*)
  FROM programme_occurrence AS o JOIN programme_entry AS e ON e.id = o.entry_id
  JOIN estate_systemrecord AS s ON s.slug = e.system
 WHERE o.state = 'due' AND o.not_before <= %(now)s AND o.late_at <= %(now)s AND NOT e.paused
   AND (o.due_at AT TIME ZONE s.timezone)::date < (%(now)s AT TIME ZONE s.timezone)::date
   AND (%(system)s = '' OR e.system = %(system)s)
 GROUP BY 1
"""
_SHOWN = ("missed", "overdue", "running", "due", "coming")
"""What of a day is worth a badge; what went well is in the sentence."""
_DONE = ("done", "late", "made_good", "waived")


@dataclass(frozen=True, slots=True)
class Today:
    """How many of today's occurrences stand how, by key of wording.OCCURRENCES. What has been late for longer is
    counted too: it is for today."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def done(self) -> int:
        return sum(self.counts[name] for name in _DONE)

    @property
    def words(self) -> list[tuple[Word, int]]:
        """What a person should know beside how many are done."""
        return [(wording.OCCURRENCES[name], self.counts[name]) for name in _SHOWN if self.counts[name]]


def today(now: datetime, only: str | None = None) -> Mapping[str, Today]:
    """Today, where each system is; empty for a system that has nothing."""
    found: dict[str, Today] = defaultdict(Today)
    place: dict[str, datetime | str] = {"now": now, "system": only or ""}
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, place)
        for system, standing, count in cursor.fetchall():
            found[system].counts[standing] += count
        cursor.execute(_OVERDUE_SINCE, place)
        for system, count in cursor.fetchall():
            found[system].counts["overdue"] += count
    return found
