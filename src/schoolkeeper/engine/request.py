"""Asking for a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import ledger
from schoolkeeper.records.models import Run


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that is asked for. `key` names it for good; a second request with the same meets the same run."""

    task: str
    system: str
    by: str
    occasion: str
    options: Mapping[str, object]
    key: UUID


@transaction.atomic
def request_many(asked: Sequence[Asked]) -> list[Run]:
    """Queue many runs at once, in this order; those asked for before are not queued again.

    The systems are taken to be in our care. Raises Invalid for an unknown task or bad options, and queues none.
    """
    now = timezone.now()
    there = Run.objects.in_bulk([one.key for one in asked], field_name="key")
    new = [_run(one, now) for one in asked if one.key not in there]
    ledger.append_many([_note(run) for run in Run.objects.bulk_create(new)])
    there |= {run.key: run for run in new}
    return [there[one.key] for one in asked]


def _run(asked: Asked, now: datetime) -> Run:
    task = catalogue().find(asked.task)
    options: dict[str, object] = {}
    if asked.options:
        options = parse_options(task, asked.options).model_dump(mode="json", exclude_defaults=True)
    return Run(
        key=asked.key,
        system=asked.system,
        task=asked.task,
        spec_version=task.spec.version,
        options=options,
        requested_by=asked.by,
        occasion=asked.occasion,
        requested_at=now,
    )


def _note(run: Run) -> ledger.Note:
    return ledger.Note(
        kind="run.requested",
        actor=run.requested_by,
        system=run.system,
        subject=f"run {run.pk}",
        data={
            "task": run.task,
            "version": run.spec_version,
            "options": digest(run.options),
            "occasion": run.occasion,
        },
        once=f"{run.key}:requested",
    )


@transaction.atomic
def request(
    task_id: str,
    system: str,
    *,
    by: str,
    occasion: str = "on demand",
    options: Mapping[str, object] | None = None,
) -> Run:
    """Queue a run; a worker takes it from there.

    Raises Invalid for an unknown task or system or bad options, Refused for what no worker may do: replace the
    database that it works with.
    """
    if reason := replaces_own(catalogue().find(task_id).spec, find(system), ask=False):
        raise Refused(reason)
    asked = Asked(task_id, system, by, occasion, options or {}, uuid4())
    (run,) = request_many([asked])
    return run
