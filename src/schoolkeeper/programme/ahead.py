"""Making occurrences ahead, a year of them, so that everybody sees what comes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from schoolkeeper.calendars.clock_rules import rules_of
from schoolkeeper.calendars.recurrence import moments
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.programme.models import Entry
from schoolkeeper.records import ledger

HORIZON = timedelta(days=366)
STRIDE = timedelta(days=7)
"""What is missing at the far end is made a week at a time."""

AT_ONCE = 200
"""A year of the daily occurrences of so many entries are 73,000 rows."""

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
_TAKE_AWAY = """
DELETE FROM programme_occurrence AS occurrence
 WHERE entry_id = ANY(%s) AND state = 'due' AND cause = '' AND due_at > %s
   AND NOT EXISTS (SELECT FROM programme_attachment WHERE occurrence_id = occurrence.id)
"""


def make_ahead(now: datetime, entries: Iterable[Entry] | None = None) -> int:
    """Make what is missing within the year to come, of all entries or of these; how many."""
    return sum(pieces(now, entries))


def pieces(now: datetime, entries: Iterable[Entry] | None = None) -> Iterator[int]:
    """The same a piece at a time, each a transaction of a second at most: how many each made."""
    if entries is None:
        yield from _follow_the_clocks(now)
    rhythms: dict[_Rhythm, list[int]] = defaultdict(list)
    for entry in _short_of(now) if entries is None else entries:
        if entry.rule and entry.retired_at is None:
            rhythms[entry.rule, entry.at, entry.zone, entry.made_until or now].append(entry.pk)
    for rhythm, ids in rhythms.items():
        for first in range(0, len(ids), AT_ONCE):
            yield _make(rhythm, ids[first : first + AT_ONCE], now)
            failpoint("programme.ahead.piece")


@transaction.atomic
def make_anew(entry: Entry, now: datetime) -> None:
    """After its rhythm was changed: what is still to come is taken away and made anew."""
    take_away(entry, now)
    entry.made_until = None
    entry.save(update_fields=["made_until"])
    make_ahead(now, [entry])
    entry.refresh_from_db(fields=["made_until", "clocks"])


def take_away(entry: Entry, now: datetime) -> None:
    """Take away what the rule of an entry has still to come, except where somebody attached evidence already."""
    _take_away([entry.pk], now)


def _take_away(ids: Sequence[int], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_AWAY, [list(ids), now])


def _follow_the_clocks(now: datetime) -> Iterator[int]:
    """Where a government has changed the clocks, what is to come is taken away, and so found missing."""
    made = Entry.objects.filter(retired_at=None).exclude(clocks="")
    for zone, clocks in made.order_by("zone").values_list("zone", "clocks").distinct():
        if clocks == rules_of(zone, now):
            continue
        once = f"clocks:{zone}:{clocks}:{rules_of(zone, now)}"
        ledger.append("clock.rules_changed", actor="programme", subject=zone, data={"was": clocks}, once=once)
        while _unmake(zone, clocks, now):
            yield 0


@transaction.atomic
def _unmake(zone: str, clocks: str, now: datetime) -> int:
    made = Entry.objects.filter(zone=zone, clocks=clocks, retired_at=None).order_by("id")
    ids = list(made.select_for_update(skip_locked=True).values_list("pk", flat=True)[:AT_ONCE])
    _take_away(ids, now)
    return Entry.objects.filter(pk__in=ids).update(made_until=None, clocks="")


def _short_of(now: datetime) -> Iterable[Entry]:
    """The entries whose year ahead is not full."""
    alive = Entry.objects.filter(retired_at=None).exclude(rule="").order_by()
    short = alive.filter(made_until=None) | alive.filter(made_until__lt=now + HORIZON - STRIDE)
    return short.only("id", "rule", "at", "zone", "made_until", "retired_at").iterator(chunk_size=10_000)


@transaction.atomic
def _make(rhythm: _Rhythm, ids: Sequence[int], now: datetime) -> int:
    rule, at, zone, since = rhythm
    until, clocks = now + HORIZON, rules_of(zone, now)
    # As they are now: one that somebody changes at this moment is theirs to make, by its new rhythm.
    alike = Entry.objects.filter(pk__in=ids, rule=rule, at=at, zone=zone, retired_at=None).order_by("id")
    still = list(alike.select_for_update(skip_locked=True).values_list("pk", flat=True))
    due = moments(rule, at, ZoneInfo(zone), since, until)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [list(due), still])
        made: int = cursor.rowcount
    Entry.objects.filter(pk__in=still).update(made_until=until, clocks=clocks)
    return made
