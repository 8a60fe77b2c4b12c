"""The process that carries out runs: a loop over small functions, each of which does one round and returns."""

import gc
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import psycopg
from dbos import DBOS, DBOSClient
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from schoolkeeper.engine import durable, holding, stages
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.models import Worker
from schoolkeeper.engine.presence import beat, silent
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records.models import Run

log = logging.getLogger(__name__)

Round = tuple[float, Callable[[], object]]
"""Seconds between two, and what is done in each."""

TICK_SECONDS = 0.2
HEARTBEAT_SECONDS = 2.0
GRACE_SECONDS = 5
WORKFLOW_RETENTION = timedelta(days=30)
QUARANTINE_RETENTION = timedelta(days=30)


class Identity:
    """A worker's name, held by an advisory lock: PostgreSQL lets it go the moment the process is gone."""

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self._connection = psycopg.connect(settings.CONFIGURATION.database_url, autocommit=True)
        if not _try_lock(self._connection, worker_id):
            self._connection.close()
            raise Refused(f"A worker named {worker_id!r} is at work already; give this one another --name.")

    def is_held(self) -> bool:
        """Whether the lock's session still lives; without it another process may take the name."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        self._connection.close()


def work(worker_id: str, stop: threading.Event, more: Sequence[Round] = ()) -> int:
    """Carry out runs until `stop` is set; the exit code. Raises Refused when the name is taken.

    `more` are rounds of rooms above this one, each with the seconds between two of it.

    The caller must end the process with `leave`: a step that is in the middle of its work would keep it alive.
    """
    catalogue()
    identity = Identity(worker_id)
    beat(worker_id)
    Worker.objects.filter(pk=worker_id).update(started_at=timezone.now())
    durable.launch(worker_id)
    client = durable.client()
    # What is loaded by now stays until the end; a round with thousands due would have it looked through again.
    gc.freeze()
    rounds: tuple[Round, ...] = (
        (TICK_SECONDS, durable.dispatch),
        (HEARTBEAT_SECONDS, lambda: beat(worker_id)),
        (HEARTBEAT_SECONDS, lambda: take_over_from_the_dead(worker_id, client)),
        (HEARTBEAT_SECONDS, lambda: end_broken_runs(client)),
        (HEARTBEAT_SECONDS, holding.release_ended),
        (60.0, end_unanswered_requests),
        (3600.0, lambda: forget_old(settings.SCHOOLKEEPER_HOME)),
        *more,
    )
    due = dict.fromkeys(range(len(rounds)), 0.0)
    while not stop.wait(TICK_SECONDS):
        if not identity.is_held():
            log.error("the worker's lock was lost; stopping so that no two run under one name")
            return 1
        for number, (seconds, round_) in enumerate(rounds):
            if time.monotonic() >= due[number]:
                due[number] = time.monotonic() + seconds
                _guarded(round_)
    DBOS.destroy(workflow_completion_timeout_sec=GRACE_SECONDS)
    # What is left undone is somebody else's to take over, and only a worker that is known can be found dead.
    if not client.list_workflows(executor_id=worker_id, status="PENDING"):
        Worker.objects.filter(pk=worker_id).delete()
    return 0


def leave(code: int) -> NoReturn:
    """End the process now, with whatever a step is doing: every stage survives that, as it survives a kill -9.

    Otherwise a worker that was told to stop, or lost its name to another, would go on writing.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _guarded(round_: Callable[[], object]) -> None:
    """One round that breaks must not end the worker: the others' work would stop with it."""
    close_old_connections()
    try:
        round_()
    except Exception:  # whatever it is, it is told and the next round may do better
        log.exception("a round of the worker broke")


def take_over_from_the_dead(worker_id: str, client: DBOSClient) -> int:
    """Resume what workers left behind that have no heartbeat and whose lock is free; how many runs.

    Never from a live one: a worker that only was slow still holds its lock.
    """
    taken = 0
    for dead in silent().exclude(pk=worker_id):
        with psycopg.connect(settings.CONFIGURATION.database_url, autocommit=True) as connection:
            if not _try_lock(connection, dead.pk):
                continue
            for workflow in client.list_workflows(executor_id=dead.pk, status="PENDING"):
                client.resume_workflow(workflow.workflow_id, queue_name=workflow.queue_name)
                taken += 1
            dead.delete()
    return taken


def end_broken_runs(client: DBOSClient) -> int:
    """Give runs an outcome whose workflow ended in an error of the engine's own; how many."""
    ended = 0
    running = set(Run.objects.filter(state=Run.State.RUNNING).values_list("key", flat=True))
    if not running:
        return 0
    ids = [f"{key}:{leg}" for key in running for leg in ("planned", "decided")]
    for workflow in client.list_workflows(workflow_ids=ids, status=["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]):
        key = workflow.workflow_id.partition(":")[0]
        kind = type(workflow.error).__name__  # its text may quote what was seen, which is not for the ledger
        log.error("run %s broke in the engine: %s", key, kind)
        if stages.has_begun_to_change(key):
            says = f"The engine broke ({kind}) in the middle of a change; see the steps, and look at the system."
            stages.conclude(key, "undo_failed", says)
        else:
            stages.conclude(key, "errored", f"The engine broke ({kind}) before anything was changed.")
        ended += 1
    return ended


def end_unanswered_requests() -> int:
    """End the runs whose request for approval has expired; how many."""
    ended = 0
    for run in Run.objects.filter(state=Run.State.WAITING, approval__expires_at__lte=timezone.now()):
        stages.conclude(str(run.key), "refused", "Nobody decided on it in time; ask again.")
        ended += 1
    return ended


def forget_old(home: Path) -> None:
    """Prune what has an end: finished workflows, and things set aside so long ago that nobody takes them back."""
    durable.prune(WORKFLOW_RETENTION)
    before = (timezone.now() - QUARANTINE_RETENTION).timestamp()
    for folder in (home / "quarantine").glob("*"):
        if folder.is_dir() and folder.stat().st_mtime < before:
            shutil.rmtree(folder)
            log.info("removed what was set aside in %s", folder)


def _try_lock(connection: psycopg.Connection[tuple[object, ...]], worker_id: str) -> bool:
    row = connection.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"schoolkeeper worker {worker_id}"]
    ).fetchone()
    return bool(row and row[0])
