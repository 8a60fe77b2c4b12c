"""Asking for a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.estate.care import find
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import copying, ledger
from schoolkeeper.records.models import Run

_NO_OPTIONS = digest({})
"""Most runs have none, and a round asks for thousands."""


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
    keys = [one.key for one in asked]
    there = {run.key: run for run in Run.objects.extra(where=["key = ANY(%s)"], params=[keys])}
    new = [_run(one, now) for one in asked if one.key not in there]
    for run, number in zip(new, copying.numbers(Run, len(new)), strict=True):
        run.pk, run._state.adding, run._state.db = number, False, DEFAULT_DB_ALIAS
    copying.write(Run, map(_values, new))
    ledger.append_many([_note(run) for run in new])
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


def _values(run: Run) -> dict[str, object]:
    """The row of a run that nobody has begun; what is not named is empty."""
    return {
        "id": run.pk,
        "key": run.key,
        "system": run.system,
        "task": run.task,
        "spec_version": run.spec_version,
        "options": Jsonb(run.options),
        "requested_by": run.requested_by,
        "occasion": run.occasion,
        "state": str(run.state),
        "requested_at": run.requested_at,
        **dict.fromkeys(("outcome", "says", "refused_by", "facts_digest", "plan_digest"), ""),
    }


def _note(run: Run) -> ledger.Note:
    return ledger.Note(
        kind="run.requested",
        actor=run.requested_by,
        system=run.system,
        subject=f"run {run.pk}",
        data={
            "task": run.task,
            "version": run.spec_version,
            "options": digest(run.options) if run.options else _NO_OPTIONS,
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
