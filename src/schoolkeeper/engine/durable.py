"""The binding to DBOS: stages become durable steps, runs become workflows in queues.

What DBOS needs to be told, and why: a fixed application version (the default is a hash of the source, and work
waiting across an upgrade would be stranded), a portable serializer (the default is pickle), one executor id per
live process (two with the same id run a step twice).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetEnqueueOptions,
    SetWorkflowID,
    StepOptions,
)
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from schoolkeeper.engine import course, stages
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.spec import Risk, Spec
from schoolkeeper.records.models import Run

APPLICATION_VERSION = "1"
READERS, WRITERS = "readers", "writers"
POLLING_SECONDS = 0.2
LARGEST_PRIORITY = 2**31 - 2
# Our own database may be away for a while (a restart, an upgrade): 1 + 2 + 4 + … seconds, some four minutes.
DATABASE_AWAY: StepOptions = {
    "retries_allowed": True,
    "max_attempts": 9,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
    "should_retry": lambda error: isinstance(error, OperationalError | InterfaceError),
}


class DurableEngine:
    """Calls each stage as a DBOS step: its answer is kept, and it is not called again after a restart."""

    def do(self, stage: Callable[..., Any], *arguments: Any) -> Any:
        return DBOS.run_step({**DATABASE_AWAY, "name": stage.__name__}, _with_own_connection, stage, *arguments)

    def wait(self, seconds: float) -> None:
        DBOS.sleep(seconds)


@DBOS.workflow(name="carry_out")
def carry_out(key: str, risk: int) -> str:
    """One run as a durable workflow."""
    return course.carry_out(DurableEngine(), key, Risk(risk))


def launch(worker_id: str) -> None:
    """Start DBOS in this process, which must be the only live one with this id; work it left behind goes on."""
    config: DBOSConfig = {
        "name": "schoolkeeper",
        "system_database_url": settings.CONFIGURATION.database_url,
        "executor_id": worker_id,
        "application_version": APPLICATION_VERSION,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(READERS, worker_concurrency=3, polling_interval_sec=POLLING_SECONDS)
    DBOS.register_queue(
        WRITERS, partition_concurrency=1, worker_concurrency=2, polling_interval_sec=POLLING_SECONDS
    )


def client() -> DBOSClient:
    """For looking at workflows, and for taking over those of a dead worker."""
    return DBOSClient(
        system_database_url=settings.CONFIGURATION.database_url, serializer=DBOSPortableJSONSerializer()
    )


def queue_of(spec: Spec) -> str:
    """Tasks that change something take turns, one at a time for each system; others run side by side."""
    return WRITERS if spec.changes_something else READERS


def enqueue(run: Run) -> None:
    """Hand a run to the queue; a second call for the same leg of it changes nothing.

    The priority keeps the order in which runs were asked for: the queue's own clock counts milliseconds.
    """
    spec = catalogue().find(run.task).spec
    leg = "decided" if hasattr(run, "approval") else "planned"
    partition = run.system if spec.changes_something else None
    options = SetEnqueueOptions(queue_partition_key=partition, priority=run.pk % LARGEST_PRIORITY + 1)
    with SetWorkflowID(f"{run.key}:{leg}"), options:
        DBOS.enqueue_workflow(queue_of(spec), carry_out, str(run.key), int(spec.risk))


def dispatch() -> int:
    """Put runs that were asked for into the queues; how many."""
    waiting = Run.objects.filter(state=Run.State.QUEUED, dispatched_at=None).order_by("id")
    handed = 0
    for run in waiting.select_related("approval")[:200]:
        if run.task not in catalogue():
            stages.conclude(str(run.key), "errored", f"This installation knows no task {run.task}.")
            continue
        enqueue(run)
        handed += Run.objects.filter(pk=run.pk, dispatched_at=None).update(dispatched_at=timezone.now())
    return handed


def prune(older_than: timedelta) -> int:
    """Forget finished workflows: the records keep what matters, and DBOS itself never forgets; how many."""
    before = (timezone.now() - older_than).isoformat()
    finished = DBOS.list_workflows(status=["SUCCESS", "ERROR", "CANCELLED"], completed_before=before, limit=1000)
    ids = [workflow.workflow_id for workflow in finished]
    if ids:
        DBOS.delete_workflows(ids)
    return len(ids)


def _with_own_connection(stage: Callable[..., Any], *arguments: Any) -> Any:
    """Django keeps a connection per thread; the engine's pool threads must not hoard them."""
    close_old_connections()
    try:
        return stage(*arguments)
    finally:
        connection.close()
