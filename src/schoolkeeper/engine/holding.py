"""The locks that keep a run and a rescue of the same system from each other on one machine.

The row WriterLock keeps runs apart, whatever host their worker is on, and outlives the worker. A rescue has no
database to ask, so beside the row the process that carries out a run holds the system's file (`system_lock`). It
goes with the process; a run that is gone on with takes it again, and finds out whether a rescue came in between.
"""

import socket
import threading

from django.conf import settings

from schoolkeeper.connectors.system_lock import OWN_RECORDS, SystemLock
from schoolkeeper.engine.case import Case
from schoolkeeper.engine.models import WriterLock
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records.models import Run

_guard = threading.Lock()
# The run that has a system's files, by the system's slug.
_held: dict[str, tuple[str, SystemLock, SystemLock]] = {}


def hold(case: Case) -> str | None:
    """Have the system's file for this run; None, or why not. The row must be this run's already."""
    key, slug = str(case.run.key), case.system.slug
    with _guard:
        if slug in _held and _held[slug][0] == key:
            return None
        _release(slug)  # of a run that another process brought to its end: otherwise the row would be its own
        own = SystemLock(settings.SCHOOLKEEPER_HOME, OWN_RECORDS, shared=True)
        system = SystemLock(settings.SCHOOLKEEPER_HOME, slug)
        reason: str | None
        try:
            for lock in (own, system):
                lock.take(key, f"run {case.run.pk} ({case.task.spec.id})")
            reason = _in_between(case, system)
        except Refused as refused:
            reason = str(refused)
        _held[slug] = key, own, system
        if reason:
            _release(slug)
    return reason


def note_change(case: Case) -> None:
    """Note that the run, which has the system's file, is about to change the system."""
    with _guard:
        _held[case.system.slug][2].note_change()


def release(key: str) -> None:
    """Let the run's files go, if this process holds them."""
    with _guard:
        for slug in [slug for slug, (holder, *_) in _held.items() if holder == key]:
            _release(slug)


def release_ended() -> None:
    """Let the files of runs go that another process has brought to their end."""
    with _guard:
        keys = [key for key, *_ in _held.values()]
    for run in Run.objects.filter(key__in=keys, state=Run.State.ENDED):
        release(str(run.key))


def _release(slug: str) -> None:
    if slug in _held:
        _, *locks = _held.pop(slug)
        for lock in locks:
            lock.release()


def _in_between(case: Case, lock: SystemLock) -> str | None:
    """Whether somebody who asks no database changed the system since this run was let in.

    On the machine that let it in the file tells it by the change itself, elsewhere only by the clock.
    """
    row, before = WriterLock.objects.filter(run=case.run).first(), lock.before
    host, key = socket.gethostname(), str(case.run.key)
    last_change = before.last_change if before else ""
    if row is not None and not row.host:
        row.host, row.last_change = host, last_change
        row.save(update_fields=["host", "last_change"])
    if row is None or before is None or before.changed_key in ("", key):
        return None
    if last_change == row.last_change if row.host == host else not before.has_changed_since(row.taken_at, but=key):
        return None
    return (
        f"{before.changed_by} changed {case.system.slug} at {before.changed_at[:19]} UTC, after this run began: "
        f"run {case.run.pk} goes no further and takes nothing back. Look at the system."
    )
