"""Occurrences that waited too long: missed, with the reason, a finding, and an entry in the ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max

from schoolkeeper.calendars import freezes, windows
from schoolkeeper.connectors.system import System
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.moments import shown
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.programme.models import Entry, Gap, Occurrence
from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP
from schoolkeeper.programme.scheduler.clock import AWAY_AFTER
from schoolkeeper.records import findings, ledger
from schoolkeeper.records.models import FindingRecord

AT_ONCE = 500
_Stretch = tuple[datetime, datetime]
_GIVE_UP = """
UPDATE programme_occurrence AS occurrence
   SET state = 'missed', reason = given.reason, says = given.says, started_at = given.started_at,
       ended_at = given.ended_at
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
       AS given (id, reason, says, started_at, ended_at)
 WHERE occurrence.id = given.id
"""


@transaction.atomic
def miss(now: datetime) -> int:
    """Give up what could not begin in time; how many."""
    waited = Occurrence.objects.filter(state=Occurrence.State.DUE, not_before__lte=now, missed_at__lte=now)
    rows = (
        waited.filter(entry__paused=False)  # those of paused entries are waived
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("entry")
        .order_by("missed_at", "id")[:AT_ONCE]
    )
    missed = list(rows)
    gaps = _gaps(missed)
    for occurrence in missed:
        occurrence.ended_at = now
        occurrence.reason, occurrence.says = _why(occurrence, gaps)
    give_up(missed, now)
    return len(missed)


def give_up(missed: Sequence[Occurrence], now: datetime) -> None:
    """Let these be missed, for the reason that each has been given: with a finding and an entry in the ledger.

    The finding is resolved by the next run that succeeds; of an entry that has left there is none to come, so it
    is told in the ledger alone.
    """
    rows = [(one.pk, str(one.reason), one.says, one.started_at, one.ended_at) for one in missed]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UP, [list(column) for column in zip(*rows, strict=True)])
    noted = [
        findings.Noted(one.entry.system, one.entry.task, _finding(one))
        for one in missed
        if one.entry.retired_at is None
    ]
    findings.note_many(noted, now)
    ledger.append_many(
        [
            ledger.Note(
                kind="occurrence.missed",
                actor="programme",
                system=one.entry.system,
                subject=one.entry.task,
                data={"occurrence": one.pk, "due_at": one.due_at.isoformat(), "reason": str(one.reason)},
                once=f"occurrence:{one.pk}:missed:{now.isoformat()}",
            )
            for one in missed
        ]
    )


def settle(occurrence: Occurrence, now: datetime, *, earlier_too: bool = False) -> None:
    """Let the finding of what was missed go with this one; while others of its entry are missed, it tells of the
    newest of those. What was done makes good what was missed before it (`earlier_too`).

    To be called before the ledger is written, in the order in which runs take the two.
    """
    entry = occurrence.entry
    rows = FindingRecord.objects.filter(system=entry.system, code=_code(entry))
    # Two people may settle the last two at once: the second must see what the first did.
    list(rows.filter(resolved_at=None).select_for_update())
    missed = Occurrence.objects.filter(entry=entry, state=Occurrence.State.MISSED, caught_up_by=None)
    missed = missed.exclude(pk=occurrence.pk)
    if resolved_at := rows.aggregate(last=Max("resolved_at"))["last"]:
        missed = missed.filter(ended_at__gt=resolved_at)  # the others were made good, or waived, by then
    if earlier_too:
        missed = missed.filter(due_at__gt=occurrence.due_at)
    if newest := missed.order_by("-due_at").first():
        findings.reword(entry.system, _finding(newest))
    else:
        findings.resolve(entry.system, _code(entry), now)


def _code(entry: Entry) -> str:
    return f"{entry.task}.missed"


def _finding(occurrence: Occurrence) -> Finding:
    entry = occurrence.entry
    return Finding(
        code=_code(entry),
        level=Level.WARNING,
        says=f"It was due at {shown(occurrence.due_at, ZoneInfo(entry.zone))} and was missed. {occurrence.says}",
        hint=f"`schoolkeeper programme show {entry.system}` tells what comes next; catch it up or waive it.",
        data={"due_at": occurrence.due_at.isoformat(), "reason": str(occurrence.reason)},
    )


def _why(occurrence: Occurrence, gaps: Sequence[Gap]) -> tuple[Occurrence.Reason, str]:
    """Why nobody began it, as far as can be told: what was so all the time before what was so most of it."""
    entry, reason = occurrence.entry, Occurrence.Reason
    if entry.by_people:
        whose = f" It belongs to {entry.owner}." if entry.owner else " It has no owner."
        return reason.NOBODY, f"Nobody signed it off.{whose}"
    since, until = _waited(occurrence)
    zone = ZoneInfo(entry.zone)
    away = [gap for gap in gaps if gap.since < until and gap.until > since]
    if away and _covers(away, since, until):
        return reason.NO_WORKER, _says(away, zone)
    try:
        system = find(entry.system)
    except (Invalid, ValueError):
        return reason.ERROR, "The system is not in our care any more, or its definition cannot be read."
    task = catalogue().get(entry.task)
    if task is not None and occurrence.cause == CATCHING_UP:
        last = until - timedelta(microseconds=1)
        frozen = [one for one in freezes.in_force(system, last) if freezes.binds(one.kind, task.spec)]
        if frozen:
            return reason.FREEZE, f"{frozen[0].title}: the freeze did not end in time."
    chances = [(since, until)]
    if task is not None and windows.needs_window(task.spec) and windows.has_any(system):
        chances = _open_windows(system, task.spec, since, until)
        if not chances:
            return reason.WINDOW, "No maintenance window came that allows it."
    if _mostly(away, chances):
        return reason.NO_WORKER, _says(away, zone)
    first = " and ".join(sorted(task.spec.after)) if task is not None else ""
    busy = "All that may go on at a time was going on" + (f", or {first} had not ended." if first else ".")
    return reason.NO_CAPACITY, f"{busy} {_says(away, zone)}" if away else busy


def _waited(occurrence: Occurrence) -> tuple[datetime, datetime]:
    """From when until when it could have begun; `not_before` moves while it waits for a window."""
    until = occurrence.missed_at
    return until - timedelta(minutes=occurrence.entry.missed_after_minutes), until


def _gaps(missed: Sequence[Occurrence]) -> list[Gap]:
    """The stretches without a scheduler, or that the clock skipped, in the time that these waited, ascending."""
    if not missed:
        return []
    since, until = (list(moments) for moments in zip(*map(_waited, missed), strict=True))
    skipped = Gap.objects.exclude(kind=Gap.Kind.BACKWARD)
    return list(skipped.filter(since__lt=max(until), until__gt=min(since)).order_by("since"))


def _covers(gaps: Sequence[Gap], since: datetime, until: datetime) -> bool:
    """Whether ascending gaps leave nothing of [since, until) but what lies between two rounds."""
    reached = since + AWAY_AFTER
    for gap in gaps:
        if gap.since > reached:
            return False
        reached = max(reached, gap.until + AWAY_AFTER)
    return reached >= until


def _says(away: Sequence[Gap], zone: tzinfo) -> str:
    longest = max(away, key=lambda gap: gap.until - gap.since)
    stretch = f"from {shown(longest.since, zone)} to {shown(longest.until, zone)}"
    if longest.kind == Gap.Kind.FORWARD:
        return f"The clock jumped {stretch}, so that time never came."
    return f"No worker was there {stretch}."


def _open_windows(system: System, spec: Spec, since: datetime, until: datetime) -> list[_Stretch]:
    """When within [since, until) a window was open that allows this."""
    rows = windows.of(system).filter(starts_at__lt=until, ends_at__gt=since, allows__gte=spec.risk)
    return [(max(one.starts_at, since), min(one.ends_at, until)) for one in rows]


def _mostly(gaps: Sequence[Gap], chances: Sequence[_Stretch]) -> bool:
    """Whether gaps take up more than half of the time in which it could have begun: a restart is not to blame for
    a night without room."""
    away, whole = timedelta(), timedelta()
    for since, until in chances:
        whole += until - since
        overlaps = (min(gap.until, until) - max(gap.since, since) for gap in gaps)
        away += sum((one for one in overlaps if one > timedelta()), timedelta())
    return 2 * away > whole
