"""Occurrences of the programme as lines of a list, and which of them somebody should see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.names import Names, SystemName
from schoolkeeper.controlroom.queries.tasks import title_of_task
from schoolkeeper.controlroom.wording import Word
from schoolkeeper.programme.models import Occurrence

LATELY = timedelta(days=30)
"""What was missed longer ago is history, and stands in the calendar alone."""
_State = Occurrence.State
_HAPPENED = (_State.DONE, _State.LATE)
STANDING = """
CASE WHEN o.state = 'due' AND e.paused THEN 'paused'
     WHEN o.state = 'due' AND o.not_before > %(now)s THEN 'coming'
     WHEN o.state = 'due' AND o.late_at <= %(now)s THEN 'overdue'
     WHEN o.state = 'missed' AND later.state IN ('done', 'late') THEN 'made_good'
     ELSE o.state END"""
"""What `standing_of` says, for counting where the rows are: of the entry e, its occurrence o, and the one that
caught it up, later."""


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    """One due date of one entry. `standing` is a key of wording.OCCURRENCES; `made_good_by` is the occurrence
    that caught it up, or is to."""

    pk: int
    system: SystemName
    task: str
    title: str
    rule: str
    by_people: bool
    due_at: datetime
    at: datetime
    standing: str
    reason: str
    says: str
    owner: str
    deputy: str
    waived_by: str
    run: int | None
    made_good_by: int | None

    @property
    def word(self) -> Word:
        return wording.OCCURRENCES[self.standing]

    @property
    def why(self) -> str:
        """Why it was missed, in a few words; "" when it was not."""
        return wording.REASONS.get(self.reason, "")

    @property
    def whose(self) -> str:
        """Who is asked about it: the owner, and the deputy."""
        return ", deputy ".join(filter(None, (self.owner, self.deputy)))


def standing_of(occurrence: Occurrence, now: datetime) -> str:
    """How it stands now, as a key of wording.OCCURRENCES."""
    match occurrence.state:
        case _State.DUE if occurrence.entry.paused:
            return "paused"
        case _State.DUE if occurrence.not_before > now:
            return "coming"
        case _State.DUE:
            return "overdue" if occurrence.late_at <= now else "due"
        case _State.MISSED:
            later = occurrence.caught_up_by
            return "made_good" if later is not None and later.state in _HAPPENED else "missed"
    return str(occurrence.state)


def rows(records: Iterable[Occurrence], names: Names, now: datetime) -> list[OccurrenceRow]:
    """Lines for records that came with `listed`."""
    return [row(record, names, now) for record in records]


def row(record: Occurrence, names: Names, now: datetime) -> OccurrenceRow:
    entry = record.entry
    return OccurrenceRow(
        pk=record.pk,
        system=names[entry.system],
        task=entry.task,
        title=title_of_task(entry.task),
        rule=entry.rule,
        by_people=entry.by_people,
        due_at=record.due_at,
        at=record.not_before,
        standing=standing_of(record, now),
        reason=record.reason,
        says=record.says,
        owner=entry.owner,
        deputy=entry.deputy,
        waived_by=record.waived_by,
        run=record.run_id,
        made_good_by=record.caught_up_by_id,
    )


def listed(system: str = "") -> QuerySet[Occurrence]:
    """Occurrences with what a line needs, of one system or of all."""
    records = Occurrence.objects.select_related("entry", "caught_up_by")
    return records.filter(entry__system=system) if system else records


def overdue(now: datetime, system: str = "") -> QuerySet[Occurrence]:
    """What should have ended by now and has not begun, the longest overdue first."""
    due = listed(system).filter(state=_State.DUE, not_before__lte=now, late_at__lte=now, entry__paused=False)
    return due.order_by("late_at", "id")


def missed(now: datetime, system: str = "") -> QuerySet[Occurrence]:
    """What was missed lately and was not done since, the newest first."""
    records = listed(system).filter(state=_State.MISSED, ended_at__gte=now - LATELY)
    not_made_good = Q(caught_up_by=None) | ~Q(caught_up_by__state__in=_HAPPENED)
    return records.filter(not_made_good).order_by("-ended_at", "-id")


def running(system: str = "") -> QuerySet[Occurrence]:
    return listed(system).filter(state=_State.RUNNING).order_by("due_at", "id")


def coming(now: datetime, system: str = "") -> QuerySet[Occurrence]:
    """What is due now or next, in order; what is paused is left out."""
    due = listed(system).filter(state=_State.DUE, late_at__gt=now, entry__paused=False)
    return due.order_by("not_before", "entry__priority", "id")
