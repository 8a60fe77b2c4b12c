"""Making occurrences ahead, a year of them, so that everybody sees what comes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from schoolkeeper.calendars.recurrence import moments
from schoolkeeper.programme.models import Entry, Occurrence

HORIZON = timedelta(days=366)
STRIDE = timedelta(days=7)
"""What is missing at the far end is made a week at a time."""

_Rhythm = tuple[str, time, str, datetime]

# Rows are made where they are kept: ten thousand systems have thirty million of them. A repeated call makes none.
_MAKE = """
INSERT INTO programme_occurrence
       (entry_id, due_at, not_before, late_at, missed_at, state, cause, reason, says, waived_by)
SELECT entry.id, due, due, due + make_interval(mins => entry.late_after_minutes),
       due + make_interval(mins => entry.missed_after_minutes), 'due', '', '', '', ''
  FROM programme_entry AS entry CROSS JOIN unnest(%s::timestamptz[]) AS due
 WHERE entry.id = ANY(%s)
    ON CONFLICT DO NOTHING
"""


def make_ahead(now: datetime, entries: Iterable[Entry] | None = None) -> int:
    """Make what is missing within the year to come, of all entries or of these; how many."""
    wanted = entries if entries is not None else _short_of(now)
    rhythms: dict[_Rhythm, list[int]] = defaultdict(list)
    for entry in wanted:
        if entry.rule and entry.retired_at is None:
            rhythms[entry.rule, entry.at, entry.zone, entry.made_until or now].append(entry.pk)
    until = now + HORIZON
    return sum(_make(rhythm, ids, until) for rhythm, ids in rhythms.items())


@transaction.atomic
def make_anew(entry: Entry, now: datetime) -> None:
    """After its rhythm was changed: what has not begun is taken away and made anew."""
    Occurrence.objects.filter(entry=entry, state=Occurrence.State.DUE, cause="", due_at__gt=now).delete()
    entry.made_until = None
    entry.save(update_fields=["made_until"])
    make_ahead(now, [entry])
    entry.refresh_from_db(fields=["made_until"])


def _short_of(now: datetime) -> Iterable[Entry]:
    """The entries whose year ahead is not full."""
    alive = Entry.objects.filter(retired_at=None).exclude(rule="").order_by()
    short = alive.filter(made_until=None) | alive.filter(made_until__lt=now + HORIZON - STRIDE)
    return short.only("id", "rule", "at", "zone", "made_until", "retired_at").iterator(chunk_size=10_000)


@transaction.atomic
def _make(rhythm: _Rhythm, ids: Sequence[int], until: datetime) -> int:
    rule, at, zone, since = rhythm
    due = moments(rule, at, ZoneInfo(zone), since, until)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [list(due), list(ids)])
        made: int = cursor.rowcount
    Entry.objects.filter(pk__in=ids).update(made_until=until)
    return made
