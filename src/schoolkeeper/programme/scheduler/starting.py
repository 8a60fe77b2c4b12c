"""Starting what is due: which of them now, and making a run of each, exactly once."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.request import Asked, request_many
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.failpoints import failpoint
from schoolkeeper.kernel.moments import shown
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.scheduler.load import BY, Due, Load, open_count
from schoolkeeper.programme.scheduler.missing import give_up

AT_ONCE, PAGES = 5000, 10
BACKLOG_PER_WORKER = 100
"""So many runs may wait for each worker: with more, what is important would wait behind what is not."""
LONGEST_CAUSE = 75
# Runs are named by what they are for: a second attempt to start an occurrence meets the same run.
_NAMES = uuid.UUID("0d5c6a1e-7b0e-5b6f-9a53-6f2f0c5ad001")


@transaction.atomic
def start(now: datetime, workers: int, backlog_per_worker: int = BACKLOG_PER_WORKER) -> int:
    """Start what is due and fits into the load limits, the most important first; how many.

    1. Take the due rows, so that no other round has them.
    2. Leave those that must wait: for a predecessor or for room. Put off those that must wait for a window, and
       second chances that must wait for the end of a freeze.
    3. Make runs of the others, and let each occurrence point to its run.
    """
    room = workers * backlog_per_worker
    if open_count() >= room:
        return 0
    load: Load | None = None
    chosen, unknown = list[Due](), list[Due]()
    put_off: dict[datetime, list[int]] = defaultdict(list)
    for page in _due(now):
        load = load or Load.of(now, room=room)
        load.know(page)
        for one in page:
            task = catalogue().get(one.task)
            if task is None:
                unknown.append(one)
            elif again_at := load.window_comes(one.system, task.spec) or load.thaw_comes(one, task.spec):
                put_off[again_at].append(one.pk)
            elif load.admits(one, task.spec):
                chosen.append(one)
        if load.room <= 0:
            break
    _put_off(put_off)
    _cannot_start(unknown, now, "This installation knows no such task.")
    try:
        with transaction.atomic():
            return _make_runs(chosen)
    except Invalid:
        return sum(_one_by_one(chosen, now))


def run_key(occurrence: Occurrence) -> uuid.UUID:
    """The name of the run of an occurrence: the same whoever starts it, and however often."""
    return _key(occurrence.entry_id, occurrence.due_at, occurrence.cause)


def _key(entry: int, due_at: datetime, cause: str) -> uuid.UUID:
    return uuid.uuid5(_NAMES, f"{entry}/{due_at.isoformat()}/{cause}")


def _due(now: datetime) -> Iterator[list[Due]]:
    """What is due, the most important first, in pages.

    Thousands that wait for a place of their own school must not hide what the others have.
    """
    rows = Occurrence.objects.filter(state=Occurrence.State.DUE, not_before__lte=now, missed_at__gt=now)
    rows = rows.filter(entry__by_people=False, entry__paused=False, entry__retired_at=None)
    locked = rows.select_for_update(of=("self",), skip_locked=True).order_by("entry__priority", "not_before", "id")
    names = ("pk", "entry", "entry__system", "entry__task", "entry__options", "due_at", "cause", "entry__zone")
    for start in range(0, PAGES * AT_ONCE, AT_ONCE):
        page = [Due(*values) for values in locked.values_list(*names)[start : start + AT_ONCE]]
        if page:
            yield page
        if len(page) < AT_ONCE:
            return


def _put_off(until: Mapping[datetime, Sequence[int]]) -> None:
    """Thousands that wait for their windows must not be looked at in each round, nor stand before the others."""
    for again_at, ids in until.items():
        Occurrence.objects.filter(pk__in=ids).update(not_before=Least(F("missed_at"), again_at))


def _make_runs(chosen: Sequence[Due]) -> int:
    if not chosen:
        return 0
    runs = request_many([_asked(one) for one in chosen])
    failpoint("programme.start.requested")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE programme_occurrence AS o SET state = 'running', run_id = given.run FROM "
            "unnest(%s::bigint[], %s::bigint[]) AS given (id, run) WHERE o.id = given.id AND o.state = 'due'",
            [[one.pk for one in chosen], [run.pk for run in runs]],
        )
        started: int = cursor.rowcount
    return started


def _asked(due: Due) -> Asked:
    cause = due.cause[:LONGEST_CAUSE] or BY
    return Asked(
        task=due.task,
        system=due.system,
        by=BY,
        occasion=f"{cause} {shown(due.due_at, ZoneInfo(due.zone))}",
        options=due.options,
        key=_key(due.entry, due.due_at, due.cause),
    )


def _one_by_one(chosen: Sequence[Due], now: datetime) -> Iterator[int]:
    """One with options that are not good any more must not hold up the others."""
    for one in chosen:
        try:
            with transaction.atomic():
                yield _make_runs([one])
        except Invalid as invalid:
            _cannot_start([one], now, str(invalid))


def _cannot_start(due: Sequence[Due], now: datetime, says: str) -> None:
    missed = list(Occurrence.objects.filter(pk__in=[one.pk for one in due]).select_related("entry"))
    for occurrence in missed:
        occurrence.reason, occurrence.ended_at, occurrence.says = Occurrence.Reason.ERROR, now, says
    give_up(missed, now)
